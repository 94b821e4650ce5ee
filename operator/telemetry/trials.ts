// Policies on trial, and which of them would have refused what sidecars counted. Pure.
import type { AuditRefusal, AuditReport } from '../conditions/audit-report.ts';
import type { MeshIr } from '../ir/mesh-ir.ts';
import type { Observations, Refused } from './observations.ts';
import { other } from './point.ts';
import type { AuditRoute } from './rule-counts.ts';

/** A policy whose enforcement is Audit. */
export interface TrialPolicy {
  /** `shop/reviews`: namespace/name. */
  readonly policy: string;
  readonly generation: number;
  /** It has Allow rules, or none at all: what none matches would be refused. */
  readonly hasAllowList: boolean;
}

export interface Trial extends TrialPolicy {
  /** Workload → HTTP ports that the policy protects. */
  readonly targets: ReadonlyMap<string, ReadonlySet<number>>;
}

export function trialsOf(ir: MeshIr | null, policies: readonly TrialPolicy[]): readonly Trial[] {
  const targets = new Map<string, Map<string, Set<number>>>(
    policies.map(({ policy }) => [policy, new Map()]),
  );
  for (const { key, inbound } of policies.length === 0 ? [] : (ir?.workloads ?? [])) {
    for (const { port, audit, origins } of inbound) {
      if (audit === null) continue;
      for (const { kind, namespace, name } of origins) {
        const ports = kind === 'SecurityPolicy' ? targets.get(`${namespace}/${name}`) : undefined;
        ports?.set(key, (ports.get(key) ?? new Set()).add(port));
      }
    }
  }
  return policies.map((policy) => ({ ...policy, targets: targets.get(policy.policy) ?? new Map() }));
}

export interface Seen {
  readonly observations: Observations;
  readonly nowMs: number;
  /** Since when the counts are about this generation of the policy. Milliseconds since 1970. */
  readonly fromMs: number;
  /** Who has an address, if anybody is known. */
  readonly ownerOf: (address: string) => string | null;
}

const shown = 10;
const shownRoutes = 3;
const hourMs = 3_600_000;
/** A sidecar reports every ten seconds. */
const silentMs = 60_000;

/** What that policy would have refused, with all others on trial. */
export function refusedBy(trial: Trial, { observations, fromMs }: Seen): readonly Refused[] {
  return [...trial.targets].flatMap(([workload, ports]) =>
    observations.auditRefusals(workload, fromMs).filter((one) => isOf(trial, ports, one)),
  );
}

function routesOf(trial: Trial, { observations, fromMs }: Seen): readonly AuditRoute[] {
  return [...trial.targets].flatMap(([workload, ports]) =>
    observations.auditRoutes(workload, fromMs).filter((one) => isOf(trial, ports, one)),
  );
}

function isOf(
  { policy, hasAllowList }: Trial,
  ports: ReadonlySet<number>,
  { port, rule }: Pick<Refused, 'port' | 'rule'>,
): boolean {
  const isHere = port === other || ports.has(Number(port));
  if (rule === '') return isHere && hasAllowList;
  return rule === other ? isHere : rule.startsWith(`${policy}/`);
}

export function auditReportOf(trial: Trial, seen: Seen): AuditReport {
  const refused = refusedBy(trial, seen).filter(({ count }) => count > 0);
  const workloads = [...trial.targets.keys()];
  const reporting = workloads.filter(
    (key) => seen.nowMs - (seen.observations.lastReportMs(key) ?? -silentMs) < silentMs,
  );
  const since = Math.max(seen.fromMs, seen.observations.sinceMs());
  return {
    policy: trial.policy,
    enforcement: 'Audit',
    sinceMs: since > seen.nowMs - hourMs + 1_000 ? since : null,
    requests: refused.reduce((sum, { count }) => sum + count, 0),
    callers: new Set(refused.map(({ source }) => source)).size,
    refusals: worst(refused, routesOf(trial, seen), seen),
    sidecars: { reporting: reporting.length, all: workloads.length },
  };
}

function worst(
  refused: readonly Refused[],
  routes: readonly AuditRoute[],
  { ownerOf }: Seen,
): readonly AuditRefusal[] {
  const merged = new Map<string, AuditRefusal>();
  const routesBy = Map.groupBy(routes, keyOf);
  for (const one of refused) {
    const { source, port, rule, count, lastMs } = one;
    const key = keyOf(one);
    const known = merged.get(key);
    merged.set(key, {
      caller: source,
      object: ownerOf(source),
      port,
      rule: rule.split('/').slice(2).join('/') || rule,
      routes: known?.routes ?? mostFrequent(routesBy.get(key) ?? []),
      requests: count + (known?.requests ?? 0),
      lastMs: Math.max(lastMs, known?.lastMs ?? 0),
    });
  }
  return [...merged.values()]
    .toSorted((a, b) => b.requests - a.requests || (a.caller < b.caller ? -1 : 1))
    .slice(0, shown);
}

function keyOf({ source, port, rule }: Pick<Refused, 'source' | 'port' | 'rule'>): string {
  return JSON.stringify([source, port, rule]);
}

function mostFrequent(routes: readonly AuditRoute[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { route, count } of routes) counts.set(route, count + (counts.get(route) ?? 0));
  counts.delete(other);
  return [...counts]
    .toSorted(([a, most], [b, count]) => count - most || (a < b ? -1 : 1))
    .slice(0, shownRoutes)
    .map(([route]) => route);
}
