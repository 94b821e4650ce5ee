// How many series there would be with other labels or another limit, by what was counted in the last hour. Pure.
import type { MetricsIr } from '../ir/mesh-ir.ts';
import type { Series } from '../telemetry/store.ts';
import type { Ends } from './ends.ts';
import type { FamilyName } from './families.ts';
import { labelled } from './labels.ts';
import { type Size, TrafficRegistry } from './registry.ts';

type Counted = Pick<Series, 'reporter' | 'metric' | 'tags'>;

/** Bytes of requests are not kept for an hour: there are as many of them as durations. */
const beside: Partial<Record<FamilyName, readonly FamilyName[]>> = {
  duration: ['duration', 'requestBytes', 'responseBytes'],
};
const nothing = { count: 0, buckets: null } as const;

/**
 * Labels that have to be folded from the start. Known are the calls that arrived, and their response codes by class; what callers count is taken to be
 * as much. It may turn out later that more has to be folded.
 */
export function foldedFromTheStart(
  counted: Iterable<Counted>,
  { labels, maxSeries, reporters }: MetricsIr,
  ends: Ends,
): Pick<Size, 'folded' | 'narrowed'> {
  const extra = new Set(labels);
  const tried = new TrafficRegistry(reporters === 'Both' ? maxSeries / 2 : maxSeries);
  for (const { reporter, metric, tags } of counted) {
    const found = labelled(reporter, { metric, tags, ...nothing }, { ends, extra });
    if (found === null) continue;
    for (const family of beside[found.family] ?? [found.family])
      tried.add({ family, labels: found.labels }, nothing, 0);
  }
  return tried.size;
}
