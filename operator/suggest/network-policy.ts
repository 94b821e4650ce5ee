// A NetworkPolicy for the pods of a namespace, which is enforced outside of them: what leaves a pod without its sidecar gets no further than
// what a sidecar may reach. It knows networks and ports, and no names. Pure.
import { stringify } from 'yaml';
import type { AllowedHostIr } from '../ir/allowed-host.ts';
import type { Resources } from '../store/resources.ts';
import { allowedHosts } from '../translate/facts/allowed-hosts.ts';
import { electMesh } from '../translate/facts/meshes.ts';

export interface NetworkPolicyOptions {
  readonly namespace: string;
  readonly operatorNamespace: string;
  /** Where hosts outside the mesh are. Empty: anywhere but in private networks. */
  readonly networks: readonly string[];
}

/** As deploy/manifests has it. */
const operator = { labels: { 'app.kubernetes.io/name': 'meshwright' }, port: 15_012 } as const;
/** As every distribution has it. */
const dnsLabels = { 'k8s-app': 'kube-dns' };
const nameOfNamespace = 'kubernetes.io/metadata.name';

/** RFC 1918, RFC 6598, link-local; RFC 4193, link-local. */
const privateNetworks = {
  '0.0.0.0/0': ['10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
  '::/0': ['fc00::/7', 'fe80::/10'],
} as const;

/**
 * As YAML.
 * @throws Error if there is no Mesh
 */
export function networkPolicyText(resources: Resources, options: NetworkPolicyOptions): string {
  const { mesh } = electMesh(resources.meshes);
  if (mesh === undefined) throw new Error('There is no Mesh. Create one.');
  const hosts = allowedHosts(mesh).filter(
    ({ namespaces, tls }) =>
      tls !== 'unusable' && (namespaces === undefined || namespaces.includes(options.namespace)),
  );
  const policy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'meshwright-egress', namespace: options.namespace },
    spec: {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [
        toNamespace('kube-system', dnsLabels, [
          { protocol: 'UDP', port: 53 },
          { protocol: 'TCP', port: 53 },
        ]),
        toNamespace(options.operatorNamespace, operator.labels, [tcp(operator.port)]),
        { to: [{ namespaceSelector: mesh.spec.namespaceSelector }] },
        ...resources.externalWorkloads.flatMap(toWorkload),
        ...toHosts(hosts, options.networks),
      ],
    },
  };
  return `${comment(mesh.spec.outbound.mode, hosts)}${stringify(policy)}`;
}

function toNamespace(name: string, matchLabels: object, ports: readonly object[]): object {
  const namespaceSelector = { matchLabels: { [nameOfNamespace]: name } };
  return { to: [{ namespaceSelector, podSelector: { matchLabels } }], ports };
}

/** Whoever serves nothing is called by nobody: a rule without ports would be for all of them. */
function toWorkload({ spec: { address, ports } }: Resources['externalWorkloads'][number]): readonly object[] {
  if (ports.length === 0) return [];
  return [{ to: [{ ipBlock: { cidr: networkOf(address) } }], ports: ports.map(({ port }) => tcp(port)) }];
}

function toHosts(hosts: readonly AllowedHostIr[], networks: readonly string[]): readonly object[] {
  if (hosts.length === 0) return [];
  const blocks =
    networks.length > 0
      ? networks.map((cidr) => ({ cidr }))
      : Object.entries(privateNetworks).map(([cidr, except]) => ({ cidr, except }));
  const ports = [...new Set(hosts.map(portOf))].toSorted((a, b) => a - b);
  return [{ to: blocks.map((ipBlock) => ({ ipBlock })), ports: ports.map(tcp) }];
}

/** Where the sidecar connects to. */
function portOf({ port, tls }: AllowedHostIr): number {
  return tls === null || tls === 'unusable' ? port : tls.port;
}

function tcp(port: number): object {
  return { protocol: 'TCP', port };
}

function networkOf(address: string): string {
  return address.includes(':') ? `${address}/128` : `${address}/32`;
}

function comment(mode: string, hosts: readonly AllowedHostIr[]): string {
  const lines = [
    'Pods of this namespace may send to DNS, the operator, the namespaces of the mesh, its ExternalWorkloads, and the ports of outbound.hosts. Review it before you apply it:',
    'a NetworkPolicy knows no names, so that a process without its sidecar reaches all addresses below on these ports.',
    'Add what your applications need besides, such as the API server of Kubernetes.',
    ...(mode === 'AllowAny'
      ? [
          'The Mesh allows all destinations (outbound.mode AllowAny). This policy allows only those that are listed.',
        ]
      : []),
    ...(hosts.length === 0
      ? ['No host is in outbound.hosts, so nothing outside the mesh can be reached.']
      : []),
  ];
  return lines.map((line) => `# ${line}\n`).join('');
}
