// The arguments of `meshwright check`. Pure.
import { outputOf, timeoutOf } from '../command-line.ts';
import type { Output } from '../report.ts';

export const checkHelp = `Usage: meshwright check [--files <path>] [--operator <url>]

Tells what is weak in a mesh, and what to do about it: one line for each finding.

  --files <path>            read manifests from this folder or file instead of a cluster
  --operator <url>          also ask the operator that leads which rules were used, who was called and when certificates expire:
                            http://127.0.0.1:8080 through kubectl port-forward
  --kubeconfig <path>       kubeconfig of the cluster (default: as kubectl finds it)
  --timeout <duration>      how long the API server may take to list everything (default: 30s)
  -o, --output text|json    (default: text)
  --help                    print this help

Exit codes: 0: nothing found. 1: something found. 2: the manifests have a mistake, or the cluster does not answer.
`;

export const checkOptions = {
  files: { type: 'string' },
  operator: { type: 'string' },
  kubeconfig: { type: 'string' },
  timeout: { type: 'string' },
  output: { type: 'string', short: 'o' },
  help: { type: 'boolean', short: 'h' },
} as const;

export interface CheckOptions {
  /** Null: a cluster. */
  readonly files: string | null;
  /** Where the operator answers; null: it is not asked. */
  readonly operator: string | null;
  readonly kubeconfig: string | null;
  readonly timeoutMs: number;
  readonly output: Output;
}

type Given = Readonly<
  Partial<Record<'files' | 'operator' | 'kubeconfig' | 'timeout' | 'output', string | undefined>>
>;

/** @throws QuestionError */
export function readCheckOptions({
  files,
  operator,
  kubeconfig,
  timeout = '30s',
  output,
}: Given): CheckOptions {
  return {
    files: files ?? null,
    operator: operator ?? null,
    kubeconfig: kubeconfig ?? null,
    timeoutMs: timeoutOf(timeout),
    output: outputOf(output),
  };
}
