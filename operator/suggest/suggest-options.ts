// The arguments of `meshwright suggest`. Pure.
import { timeoutOf } from '../explain/command-line.ts';

export const suggestHelp = `Usage: meshwright suggest --traffic <file|url>
       meshwright suggest --access-log <file>

Writes SecurityPolicies that permit the calls that were seen and no others, with enforcement Audit, to review. It changes nothing.

  --traffic <file|url>      what the operator that leads answers to /debug/traffic: a file, - for the standard input, or
                            http://127.0.0.1:8080/debug/traffic through kubectl port-forward
  --access-log <file>       access logs of sidecars instead, which also tell methods and paths; - for the standard input
  --files <path>            read manifests from this folder or file instead of a cluster, to find what makes the pods
  --kubeconfig <path>       kubeconfig of the cluster (default: as kubectl finds it)
  --timeout <duration>      how long the API server may take to list everything (default: 30s)
  --help                    print this help

Exit codes: 0: policies were written. 1: no calls were seen. 2: the input cannot be read, or the cluster does not answer.
`;

export const suggestOptions = {
  traffic: { type: 'string' },
  'access-log': { type: 'string' },
  files: { type: 'string' },
  kubeconfig: { type: 'string' },
  timeout: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

export interface SuggestOptions {
  readonly input: { readonly kind: 'traffic' | 'access-log'; readonly from: string };
  /** Null: a cluster. */
  readonly files: string | null;
  readonly kubeconfig: string | null;
  readonly timeoutMs: number;
}

type Given = Readonly<
  Partial<Record<'traffic' | 'access-log' | 'files' | 'kubeconfig' | 'timeout', string | undefined>>
>;

/** @throws Error that says what is missing */
export function readSuggestOptions(given: Given): SuggestOptions {
  const { traffic, 'access-log': accessLog, files = null, kubeconfig = null, timeout = '30s' } = given;
  if ((traffic === undefined) === (accessLog === undefined))
    throw new Error('Give either --traffic or --access-log; see --help.');
  const input =
    traffic === undefined
      ? { kind: 'access-log' as const, from: accessLog ?? '' }
      : { kind: 'traffic' as const, from: traffic };
  return { input, files, kubeconfig, timeoutMs: timeoutOf(timeout) };
}
