// Targets of SecurityPolicies that have no sidecar: nothing guards them, whatever the policies say.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { append } from '../../../values/labels.ts';
import { compareText } from '../../../values/compare-text.ts';
import type { WorkloadIndex } from '../../facts/workload.ts';
import type { SecurityAttachments } from './attach.ts';

/** Keys of workloads that could have a sidecar and have none, sorted. */
export function unmeshedTargets(
  { byWorkload }: SecurityAttachments,
  workloads: WorkloadIndex,
): ReadonlyMap<SecurityPolicy, readonly string[]> {
  const unmeshed = new Map<SecurityPolicy, string[]>();
  for (const key of [...byWorkload.keys()].toSorted(compareText)) {
    const workload = workloads.byKey.get(key);
    if (workload === undefined || workload.meshed !== null || !workload.isRunnable) continue;
    // Of the Mesh are all workloads that have a sidecar, by definition.
    const aimed = byWorkload.get(key)?.filter(({ level }) => level !== 'Mesh') ?? [];
    for (const policy of new Set(aimed.map((it) => it.policy))) append(unmeshed, policy, key);
  }
  return unmeshed;
}
