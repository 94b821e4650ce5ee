// What a sidecar counts: the counters of envoy/resources/stats-log.ts as numbers with tags.

export const metrics = [
  'inbound.requests',
  'inbound.duration',
  'inbound.request_bytes',
  'inbound.response_bytes',
  'inbound.connections',
  'inbound.received_bytes',
  'inbound.sent_bytes',
  'inbound.open_requests',
  'inbound.open_connections',
  'inbound.refused_connections',
  'inbound.audit_refusals',
  'inbound.audit_routes',
  'inbound.refusals',
  'inbound.permits',
  'outbound.requests',
  'outbound.duration',
  'outbound.request_bytes',
  'outbound.response_bytes',
  'outbound.connections',
  'outbound.received_bytes',
  'outbound.sent_bytes',
  'outbound.hosts',
] as const;
export type Metric = (typeof metrics)[number];

const known: ReadonlySet<string> = new Set(metrics);

export function isMetric(name: string): name is Metric {
  return known.has(name);
}

/** In this order in the key of a series. */
export const tagNames = [
  'source',
  'destination',
  'port',
  'route',
  'code',
  'flags',
  'rule',
  'grpc',
  'peer',
] as const;
/** '' where the metric has no such tag, or Envoy had no value for it. */
export type Tags = Readonly<Record<(typeof tagNames)[number], string>>;

export const noTags: Tags = {
  source: '',
  destination: '',
  port: '',
  route: '',
  code: '',
  flags: '',
  rule: '',
  grpc: '',
  peer: '',
};

/** How much was added since the report before. */
export interface Point {
  readonly metric: Metric;
  readonly tags: Tags;
  /** Of requests, connections, bytes; of durations how many were measured. Positive. */
  readonly count: number;
  /** Of durations: how many took up to each of `durationBounds`, and longer. null: it has none. */
  readonly buckets: readonly number[] | null;
  /** Of durations, in milliseconds, as near as Envoy knows; absent of all else. */
  readonly sum?: number;
}

/** One report of one sidecar. */
export interface Counted {
  /** Key of the workload. */
  readonly workload: string;
  /** None: it has nothing to tell, and says so. */
  readonly points: readonly Point[];
}

/** In place of tags that there is no room for. */
export const other = 'other';
/** In place of an address that there is no room for. */
export const otherAddresses = 'other addresses';

/** Callers without an identity: an address is known of them; of others a SPIFFE ID. */
export function isPlaintext(source: string): boolean {
  return source !== '' && source !== other && !source.startsWith('spiffe://');
}
