// What sidecars tell, for tests of what becomes of it.
import { noTags, type Point, type Tags } from '../../../operator/telemetry/point.ts';
import type { LogRecord, Signal, Source, Span } from '../../../operator/providers/signals.ts';

export const sampleSource: Source = {
  workload: 'Pod/shop/reviews-1',
  kind: 'Pod',
  namespace: 'shop',
  name: 'reviews-1',
  serviceAccount: 'reviews',
  spiffeId: 'spiffe://cluster.local/ns/shop/sa/reviews',
};

/** One record for each name of an access log. */
export function logsOf(...logs: readonly string[]): Signal {
  return { type: 'logs', source: sampleSource, records: logs.map((log) => sampleRecord({ log })) };
}

/** One for each name. */
export function spansOf(...names: readonly string[]): Signal {
  return { type: 'spans', source: sampleSource, spans: names.map((name) => sampleSpan({ name })) };
}

export function sampleRecord(parts: Partial<LogRecord> = {}): LogRecord {
  return { timeNs: 1_000n, log: 'all', text: '', attributes: {}, traceId: '', spanId: '', ...parts };
}

export function sampleSpan(parts: Partial<Span> = {}): Span {
  return {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    parentId: '',
    traceState: '',
    name: 'ingress',
    kind: 2,
    startNs: 1_795_980_459_691_336_123n,
    endNs: 1_795_980_459_697_468_123n,
    attributes: {},
    status: 0,
    ...parts,
  };
}

export function countsOf(timeMs: number, ...points: readonly Point[]): Signal {
  return { type: 'counts', source: sampleSource, timeNs: BigInt(timeMs) * 1_000_000n, points };
}

export function pointOf({
  tags,
  ...parts
}: Partial<Omit<Point, 'tags'>> & { tags?: Partial<Tags> } = {}): Point {
  return { metric: 'inbound.requests', count: 1, buckets: null, ...parts, tags: { ...noTags, ...tags } };
}
