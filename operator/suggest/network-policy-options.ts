// The arguments of `meshwright networkpolicy`. Pure.
import { ipNetwork } from '../../api/schema.ts';
import { timeoutOf } from '../explain/command-line.ts';
import { operatorNamespace } from '../values/own-names.ts';
import type { NetworkPolicyOptions } from './network-policy.ts';

export const networkPolicyHelp = `Usage: meshwright networkpolicy --namespace <namespace>

Writes a NetworkPolicy for the pods of a namespace, to review: they may send to the mesh, to DNS, to the operator, and to the ports of
outbound.hosts of the Mesh. It changes nothing.

  --namespace <namespace>           whose pods
  --cidr <network>                  where hosts outside the mesh are; may be repeated (default: all but private networks)
  --operator-namespace <namespace>  where the operator is (default: ${operatorNamespace})
  --files <path>                    read manifests from this folder or file instead of a cluster
  --kubeconfig <path>               kubeconfig of the cluster (default: as kubectl finds it)
  --timeout <duration>              how long the API server may take to list everything (default: 30s)
  --help                            print this help

Exit codes: 0: the policy was written. 2: the manifests have a mistake, or the cluster does not answer.
`;

export const networkPolicyOptions = {
  namespace: { type: 'string' },
  cidr: { type: 'string', multiple: true },
  'operator-namespace': { type: 'string' },
  files: { type: 'string' },
  kubeconfig: { type: 'string' },
  timeout: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

interface Read extends NetworkPolicyOptions {
  /** Null: a cluster. */
  readonly files: string | null;
  readonly kubeconfig: string | null;
  readonly timeoutMs: number;
}

type Given = Readonly<
  Partial<Record<'namespace' | 'operator-namespace' | 'files' | 'kubeconfig' | 'timeout', string | undefined>>
> & { readonly cidr?: readonly string[] | undefined };

/** @throws Error that says what to write */
export function readNetworkPolicyOptions(given: Given): Read {
  const { namespace, cidr: networks = [], files = null, kubeconfig = null, timeout = '30s' } = given;
  if (namespace === undefined) throw new Error('Name the namespace with --namespace; see --help.');
  const wrong = networks.find((network) => !ipNetwork.pattern.test(network));
  if (wrong !== undefined) throw new Error(`--cidr ${wrong} is not a network. ${ipNetwork.message}`);
  return {
    namespace,
    networks,
    operatorNamespace: given['operator-namespace'] ?? operatorNamespace,
    files,
    kubeconfig,
    timeoutMs: timeoutOf(timeout),
  };
}
