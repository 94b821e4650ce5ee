// What a running operator knows and no manifest says: which rules were used, whom sidecars called, when certificates expire. Pure.
// Read from its pages /debug/traffic and /metrics.
import { z } from 'zod';

export interface OperatorView {
  /** Since when requests are counted, in ms since 1970. */
  readonly sinceMs: number;
  /** Ids of rules that decided about requests; `other`: of more than the operator tells apart. */
  readonly rules: ReadonlySet<string>;
  /** Keys of Services that sidecars called, as far as they count that. */
  readonly called: ReadonlySet<string>;
  /** Ends in ms since 1970. */
  readonly certificates: readonly CertificateEnd[];
}

export interface CertificateEnd {
  /** root, intermediate, leaf; workload: the first that expires in a namespace. */
  readonly kind: 'root' | 'intermediate' | 'leaf' | 'workload';
  /** '' of kinds that have none. */
  readonly namespace: string;
  readonly endMs: number;
}

const Traffic = z.object({
  since: z.iso.datetime(),
  edges: z.array(z.object({ direction: z.string(), destination: z.string().default('') })),
  rules: z.array(z.object({ rule: z.string() })),
});

/** @throws Error if these are not what an operator answers */
export function readOperatorView(traffic: string, metrics: string): OperatorView {
  const { since, edges, rules } = Traffic.parse(JSON.parse(traffic));
  return {
    sinceMs: Date.parse(since),
    rules: new Set(rules.map(({ rule }) => rule)),
    called: new Set(
      edges.flatMap(({ direction, destination }) => (direction === 'outbound' ? [destination] : [])),
    ),
    certificates: metrics.split('\n').flatMap(certificateEnd),
  };
}

const line =
  /^meshwright_(?:certificate_expiry_timestamp_seconds\{certificate="(root|intermediate|leaf)"\}|workload_certificate_expiry_timestamp_seconds\{namespace="([a-z0-9-]+)"\}) ([0-9.e+]+)$/;

function certificateEnd(text: string): readonly CertificateEnd[] {
  const [, kind, namespace = '', seconds = ''] = line.exec(text) ?? [];
  const endMs = Number(seconds) * 1_000;
  if (kind === 'root' || kind === 'intermediate' || kind === 'leaf') return [{ kind, namespace: '', endMs }];
  return namespace === '' ? [] : [{ kind: 'workload', namespace, endMs }];
}
