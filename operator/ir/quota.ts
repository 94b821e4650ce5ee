// What may be used up of a Service in a period, counted over all of its servers. The sidecars of servers enforce their shares of it.
import type { LimitsIr, QuotaIr } from './inbound.ts';
import type { WorkloadIr } from './mesh-ir.ts';

/** What tells it from all others of the mesh: `shop/reviews/per-caller@shop/reviews`. */
export function quotaKey({ id, service }: Pick<QuotaIr, 'id' | 'service'>): string {
  return `${id}@${service}`;
}

export interface PlacedQuota {
  readonly quota: QuotaIr;
  /** Servers of the Service that share it. */
  readonly servers: number;
}

/** By quotaKey: those of the sidecars of these workloads. */
export function quotasOf(
  workloads: readonly Pick<WorkloadIr, 'inbound'>[],
): ReadonlyMap<string, PlacedQuota> {
  const placed = new Map<string, PlacedQuota>();
  for (const { inbound } of workloads) {
    const own = new Map(inbound.flatMap(({ limits }) => keyed(limits)));
    for (const [key, quota] of own) placed.set(key, { quota, servers: (placed.get(key)?.servers ?? 0) + 1 });
  }
  return placed;
}

function keyed(limits: LimitsIr | null): readonly (readonly [string, QuotaIr])[] {
  return (limits?.quotas ?? []).map((quota) => [quotaKey(quota), quota]);
}
