// Which traces are recorded that begin in the mesh, and which workloads obey which rule. A rule that cannot be obeyed is left out and told.
import type { Mesh } from '../../../api/v1alpha1/mesh.ts';
import { reason } from '../../conditions/conditions.ts';
import type { SamplingRuleIr } from '../../ir/sampling.ts';
import { readSamplingFilter } from './sampling-filter.ts';
import { isForAll, isSelected } from './selected.ts';
import type { Problem } from './verdicts.ts';
import type { Workload } from './workload.ts';

/** In the order in which they are asked. */
export function samplingRules({ spec }: Mesh): readonly SamplingRuleIr[] {
  return (spec.telemetry.tracing?.sampling ?? []).flatMap((rule) => {
    const { name, percentage } = rule;
    const read = rule.filter === undefined ? { filter: null } : readSamplingFilter(rule.filter);
    return 'problem' in read ? [] : [{ name, everywhere: isForAll(rule), filter: read.filter, percentage }];
  });
}

/** Names of those that not all workloads obey and this one does, sorted. */
export function samplingOf(
  { spec }: Mesh,
  workload: Pick<Workload, 'namespace' | 'labels'>,
): readonly string[] {
  return (spec.telemetry.tracing?.sampling ?? [])
    .filter((rule) => !isForAll(rule) && isSelected(rule, workload))
    .map(({ name }) => name)
    .toSorted();
}

export function samplingWarnings({ spec }: Mesh): readonly Problem[] {
  return (spec.telemetry.tracing?.sampling ?? []).flatMap(({ name, filter }) => {
    const read = filter === undefined ? { filter: null } : readSamplingFilter(filter);
    if (!('problem' in read)) return [];
    const place = `spec.telemetry.tracing.sampling[${name}].filter`;
    return {
      reason: reason.samplingInvalid,
      message: `Sampling rule ${name} is left out: ${place} is not an expression that Envoy accepts: ${read.problem}. Correct it; docs/telemetry.md lists what it may use.`,
    };
  });
}
