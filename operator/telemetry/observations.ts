// What others ask of the traffic of the last hour. Pure.
import { type Edge, edgesOf } from './edges.ts';
import { type HostSeen, hostsSeen } from './hosts-seen.ts';
import { isPlaintext, type Metric, other, otherAddresses, type Tags } from './point.ts';
import { hourMs } from './ring.ts';
import { type AuditRoute, auditRoutesIn, type RuleUse, ruleUses } from './rule-counts.ts';
import { countSlotMs, type Series, type TrafficStore } from './store.ts';
import { type Now, wallOf, type Window } from './window.ts';

/** Reads the present state: what it returns is as of the call. Times are in milliseconds since 1970. */
export interface Observations {
  /** From when on all is counted: an hour ago, or when this operator began to lead. */
  readonly sinceMs: () => number;
  /** When the sidecar of the workload reported last, at most an hour ago; null: it did not. One without traffic reports every ten seconds, too. */
  readonly lastReportMs: (workload: string) => number | null;
  /** Who called that port of the workload without mutual TLS. Probes of the kubelet are left out. */
  readonly plaintextCallers: (workload: string, port: number) => readonly PlaintextCaller[];
  /** What rules on trial would have refused at that workload, by all policies together, since that time or `sinceMs`. */
  readonly auditRefusals: (workload: string, fromMs: number) => readonly Refused[];
  /** On which paths that was; so long as sidecars tell them apart. */
  readonly auditRoutes: (workload: string, fromMs: number) => readonly AuditRoute[];
  /** Requests that each rule in force decided, since `sinceMs`. */
  readonly rules: () => readonly RuleUse[];
  /** Hosts outside the mesh that were called by name at ports where sidecars read names, the most called first: at most 200. */
  readonly hosts: (lastMs?: number) => readonly HostSeen[];
  /** Each metric and set of tags of the last hour. */
  readonly counted: () => Iterable<Pick<Series, 'reporter' | 'metric' | 'tags'>>;
  /** Ports of the workload that anybody called. */
  readonly portsCalled: (workload: string) => readonly number[];
  /** Who called whom: of the last so many milliseconds, at most of an hour. */
  readonly edges: (lastMs?: number) => readonly Edge[];
  /**
   * The same of the last `windowMs` in slots of ten seconds that are complete, for rates: each sidecar reported once in each. Probes of the
   * kubelet are left out. `seconds`: how long these are together, less if it is counted since later; 0: none is complete.
   */
  readonly rates: (windowMs: number) => { readonly seconds: number; readonly edges: readonly Edge[] };
}

export const noObservations: Observations = {
  sinceMs: () => 0,
  lastReportMs: () => null,
  plaintextCallers: () => [],
  auditRefusals: () => [],
  auditRoutes: () => [],
  rules: () => [],
  hosts: () => [],
  counted: () => [],
  portsCalled: () => [],
  edges: () => [],
  rates: () => ({ seconds: 0, edges: [] }),
};

/** Requests that rules on trial would have refused. */
export interface Refused {
  readonly workload: string;
  /** A SPIFFE ID or an IP address; `other`, `other addresses`: of more than the store tells apart. So are the others here. */
  readonly source: string;
  readonly port: string;
  readonly route: string;
  /** `shop/reviews/rule`: the Deny rule; '' if no Allow rule matches. */
  readonly rule: string;
  /** In that time. */
  readonly count: number;
  /** Since the operator began to count these. */
  readonly total: number;
  readonly lastMs: number;
}

export interface PlaintextCaller {
  /** An IP address; `other addresses`: of more than the store tells apart. */
  readonly address: string;
  /** Requests, or connections of TCP ports, that ended or were refused since `sinceMs`; at least 1 if there were open ones. */
  readonly count: number;
  readonly lastMs: number;
}

/** As envoy/resources/inbound/probe-routes.ts calls it. */
const probeRoute = 'probe';

export function observationsOf(
  store: TrafficStore,
  { now, startMs }: { readonly now: () => Now; readonly startMs: () => number },
): Observations {
  const from = ({ monotonicMs }: Now): number => Math.max(startMs(), monotonicMs - hourMs);
  return {
    sinceMs: () => {
      const at = now();
      return wallOf(from(at), at);
    },
    lastReportMs: (workload) => {
      const lastMs = store.lastReportMs(workload);
      return lastMs === null ? null : wallOf(lastMs, now());
    },
    plaintextCallers: (workload, port) => {
      const at = now();
      return plaintextCallers(store.series(workload), port, { at, fromMs: from(at) });
    },
    auditRefusals: (workload, wallMs) => {
      const at = now();
      const fromMs = Math.max(from(at), at.monotonicMs - (at.wallMs - wallMs));
      return auditRefusals(store.series(workload), { at, fromMs });
    },
    auditRoutes: (workload, wallMs) => {
      const at = now();
      const fromMs = Math.max(from(at), at.monotonicMs - (at.wallMs - wallMs));
      return auditRoutesIn(store.series(workload), { at, fromMs });
    },
    rules: () => {
      const at = now();
      return ruleUses(store.series(), { at, fromMs: from(at) });
    },
    hosts: (lastMs = hourMs) => {
      const at = now();
      return hostsSeen(store.series(), { at, fromMs: Math.max(from(at), at.monotonicMs - lastMs) });
    },
    counted: () => store.series(),
    portsCalled: (workload) => portsCalled(store.series(workload)),
    edges: (lastMs = hourMs) => {
      const at = now();
      return edgesOf(store.series(), { at, fromMs: Math.max(from(at), at.monotonicMs - lastMs) });
    },
    rates: (windowMs) => {
      const at = now();
      const untilMs = Math.floor(at.monotonicMs / countSlotMs) * countSlotMs;
      const sinceMs = Math.ceil(startMs() / countSlotMs) * countSlotMs;
      // The oldest slot of an hour is the one that is written.
      const fromMs = Math.max(sinceMs, untilMs - Math.min(windowMs, hourMs - countSlotMs));
      if (fromMs >= untilMs) return { seconds: 0, edges: [] };
      const edges = edgesOf(withoutProbes(store.series()), { at, fromMs, untilMs });
      return { seconds: (untilMs - fromMs) / 1000, edges };
    },
  };
}

function* withoutProbes(all: Iterable<Series>): Generator<Series> {
  for (const series of all) if (series.tags.route !== probeRoute) yield series;
}

function plaintextCallers(all: Iterable<Series>, port: number, { at, fromMs }: Window): PlaintextCaller[] {
  const callers = new Map<string, PlaintextCaller>();
  for (const { metric, tags, ring } of all) {
    if (!isCall.has(metric) || !isPlaintextTo(port, tags)) continue;
    const [sum = 0] = ring.sums(fromMs, at.monotonicMs);
    if (sum === 0) continue;
    const count = isOpen.has(metric) ? 0 : sum;
    const known = callers.get(tags.source);
    const lastMs = Math.max(wallOf(ring.lastMs, at), known?.lastMs ?? 0);
    callers.set(tags.source, { address: tags.source, count: count + (known?.count ?? 0), lastMs });
  }
  const counted = [...callers.values()].map((it) => ({ ...it, count: Math.max(it.count, 1) }));
  return counted.toSorted(
    (a, b) =>
      Number(a.address === otherAddresses) - Number(b.address === otherAddresses) || b.count - a.count,
  );
}

function auditRefusals(all: Iterable<Series>, { at, fromMs }: Window): Refused[] {
  const refused: Refused[] = [];
  for (const { reporter, metric, tags, ring } of all) {
    if (metric !== 'inbound.audit_refusals') continue;
    const { source, port, route, rule } = tags;
    const [count = 0] = ring.sums(fromMs, at.monotonicMs);
    const lastMs = wallOf(ring.lastMs, at);
    refused.push({ workload: reporter, source, port, route, rule, count, total: ring.total, lastMs });
  }
  return refused;
}

function portsCalled(all: Iterable<Series>): number[] {
  const ports = new Set<number>();
  for (const { metric, tags } of all) if (isCall.has(metric)) ports.add(Number(tags.port));
  return [...ports].filter(Number.isInteger);
}

/** Told as long as they are open: their sums say how long, and not how many. */
const isOpen: ReadonlySet<Metric> = new Set(['inbound.open_requests', 'inbound.open_connections']);
const isCall: ReadonlySet<Metric> = new Set([
  'inbound.requests',
  'inbound.connections',
  'inbound.refused_connections',
  ...isOpen,
]);

function isPlaintextTo(port: number, tags: Tags): boolean {
  // Where the port is not known any more it may be this one.
  const isHere = tags.port === String(port) || tags.port === other;
  return isHere && isPlaintext(tags.source) && tags.route !== probeRoute;
}
