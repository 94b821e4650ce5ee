// How many servers share a quota, for what each of them does on its own: a rough number, so that few pods that come or go change nothing.
import type { QuotaIr } from '../../../ir/inbound.ts';
import { quotaKey, quotasOf } from '../../../ir/quota.ts';
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import { rememberLast } from '../../../values/remember.ts';
import { httpPorts } from './limits.ts';

/** Those of all ports of a workload, in order. */
export function quotasAt(workload: WorkloadIr): readonly QuotaIr[] {
  return httpPorts(workload).flatMap(({ limits }) => limits?.quotas ?? []);
}

/** Of each of `quotasAt`, joined by commas: it is compared. */
export function createQuotaServers(): (all: readonly WorkloadIr[]) => (workload: WorkloadIr) => string {
  return rememberLast((all: readonly WorkloadIr[]) => {
    const placed = quotasOf(all);
    return (workload: WorkloadIr) =>
      quotasAt(workload)
        .map((quota) => roughly(placed.get(quotaKey(quota))?.servers.size ?? 1))
        .join(',');
  });
}

/** 1, 2, 3, 4, 6, 8, 12, 16, …: the next of these that is not less. */
export function roughly(servers: number): number {
  const power = 2 ** Math.floor(Math.log2(Math.max(1, servers)));
  const steps = power < 2 ? [power, power * 2] : [power, power * 1.5, power * 2];
  return steps.find((one) => one >= servers) ?? servers;
}
