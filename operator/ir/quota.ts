// What may be used up of a Service in a period, counted over all of its servers. The sidecars of servers enforce their shares of it.
import type { QuotaIr } from './inbound.ts';
import type { WorkloadIr } from './mesh-ir.ts';

/** What tells it from all others of the mesh: `shop/reviews/per-caller@shop/reviews`. */
export function quotaKey({ id, service }: Pick<QuotaIr, 'id' | 'service'>): string {
  return `${id}@${service}`;
}

export interface PlacedQuota {
  readonly quota: QuotaIr;
  /** Keys of the workloads that share it: those of the servers of the Service. */
  readonly servers: ReadonlySet<string>;
}

/** By quotaKey: those of the sidecars of these workloads. */
export function quotasOf(
  workloads: readonly Pick<WorkloadIr, 'key' | 'inbound'>[],
): ReadonlyMap<string, PlacedQuota> {
  const placed = new Map<string, { quota: QuotaIr; readonly servers: Set<string> }>();
  for (const { key: workload, inbound } of workloads) {
    // Loops, and no lists of their own: of ten thousand workloads, most have none.
    for (const { limits } of inbound)
      for (const quota of limits?.quotas ?? []) place(placed, quota, workload);
  }
  return placed;
}

function place(
  placed: Map<string, { quota: QuotaIr; readonly servers: Set<string> }>,
  quota: QuotaIr,
  workload: string,
): void {
  const key = quotaKey(quota);
  const found = placed.get(key);
  if (found === undefined) placed.set(key, { quota, servers: new Set([workload]) });
  else {
    found.quota = quota;
    found.servers.add(workload);
  }
}
