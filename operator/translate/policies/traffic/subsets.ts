// Subsets: the endpoints of a service port whose workloads bear certain labels.
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import type { Origin } from '../../../ir/origin.ts';
import type { SubsetIr } from '../../../ir/service.ts';
import { matchesLabels } from '../../../values/labels.ts';
import { byText } from '../../facts/precedence.ts';
import { mergeOrigins, originOf } from '../../facts/origins.ts';
import type { FoundEndpoint } from '../../facts/endpoints.ts';

/** Sorted by name; of two of the same name the first counts. An endpoint whose workload is unknown has no labels. */
export function translateSubsets(
  policy: TrafficPolicy,
  service: Origin,
  found: readonly FoundEndpoint[],
): readonly SubsetIr[] {
  const origins = mergeOrigins([originOf(policy), service]);
  const subsets = new Map<string, SubsetIr>();
  for (const { name, matchLabels } of policy.spec.subsets) {
    if (subsets.has(name)) continue;
    const members = found.filter(({ workload }) => matchesLabels(matchLabels, workload?.labels ?? {}));
    subsets.set(name, { name, endpoints: members.map(({ endpoint }) => endpoint), origins });
  }
  return [...subsets.values()].toSorted(byText((subset) => subset.name));
}
