// Series put together: one edge for each two ends that one sidecar saw. Pure.
import type { Metric, Tags } from './point.ts';
import type { Series } from './store.ts';
import { type Window, wallOf } from './window.ts';

/** What the sidecar of one workload saw of traffic from one caller, or to one destination. Both sidecars of a call report an edge. */
export interface Edge {
  /** Key of the workload whose sidecar counted: `Pod/shop/reviews-1`. */
  readonly workload: string;
  /** Whether it was called, or called. */
  readonly direction: 'inbound' | 'outbound';
  /** Of inbound: the caller's SPIFFE ID, or its address if it came without mutual TLS. '' of outbound. */
  readonly source: string;
  /** Of outbound: the name of Envoy's cluster. '' of inbound. */
  readonly destination: string;
  /** Of inbound: the port that was called. '' of outbound. */
  readonly port: string;
  /** Requests by class of response: `2xx`; `0` if none was sent. */
  readonly requests: Readonly<Record<string, number>>;
  /** Of TCP: those that ended; at least 1 if there were open ones. */
  readonly connections: number;
  /** Of TCP: what the caller sent, and was sent. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** Requests by how long they took: up to each of `durationBounds`, and longer. Of whole slots of five minutes. null: none were measured. */
  readonly durations: readonly number[] | null;
  /** Requests and connections by Envoy's response flags, such as `UF`; those without are left out. */
  readonly flags: Readonly<Record<string, number>>;
  /** Milliseconds since 1970. */
  readonly lastMs: number;
}

/** Of the same calls as others, or of nobody who was let in. */
const isNoEdge: ReadonlySet<Metric> = new Set([
  'inbound.audit_refusals',
  'inbound.open_requests',
  'inbound.refused_connections',
  'inbound.audit_routes',
  'inbound.refusals',
  'inbound.permits',
  'outbound.hosts',
]);

type Draft = { -readonly [K in keyof Edge]: Edge[K] };

export function edgesOf(all: Iterable<Series>, window: Window): Edge[] {
  const edges = new Map<string, Draft>();
  const withOpen = new Set<Draft>();
  for (const series of all) {
    const { reporter, metric, tags, ring } = series;
    if (isNoEdge.has(metric)) continue;
    // Slots of durations are as long as what is asked for, or longer.
    const untilMs = metric.endsWith('.duration') ? undefined : window.untilMs;
    const sums = ring.sums(window.fromMs, window.at.monotonicMs, untilMs);
    if (sums.every((sum) => sum === 0)) continue;
    const direction = metric.startsWith('inbound.') ? 'inbound' : 'outbound';
    const key = JSON.stringify([reporter, direction, tags.source, tags.destination, tags.port]);
    const edge = edges.get(key) ?? emptyEdge(reporter, direction, tags);
    edges.set(key, edge);
    edge.lastMs = Math.max(edge.lastMs, wallOf(ring.lastMs, window.at));
    if (metric === 'inbound.open_connections') withOpen.add(edge);
    else add(edge, series, sums);
  }
  for (const edge of withOpen) edge.connections = Math.max(edge.connections, 1);
  return [...edges.values()];
}

function emptyEdge(workload: string, direction: Edge['direction'], tags: Tags): Draft {
  const { source, destination, port } = tags;
  const nothing = {
    requests: {},
    connections: 0,
    receivedBytes: 0,
    sentBytes: 0,
    durations: null,
    flags: {},
  };
  return { workload, direction, source, destination, port, ...nothing, lastMs: 0 };
}

function add(edge: Draft, { metric, tags }: Series, sums: readonly number[]): void {
  const [sum = 0] = sums;
  const [, what] = metric.split('.');
  if (what === 'duration') edge.durations = sums.map((it, at) => it + (edge.durations?.[at] ?? 0));
  else if (what === 'connections') edge.connections += sum;
  else if (what === 'received_bytes') edge.receivedBytes += sum;
  else if (what === 'sent_bytes') edge.sentBytes += sum;
  else edge.requests = plus(edge.requests, tags.code, sum);
  if (tags.flags !== '') edge.flags = plus(edge.flags, tags.flags, sum);
}

function plus(counts: Readonly<Record<string, number>>, name: string, by: number): Record<string, number> {
  return { ...counts, [name]: (counts[name] ?? 0) + by };
}
