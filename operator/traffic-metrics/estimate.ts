// How many series there would be with other labels or another limit, by what was counted in the last hour. Pure.
import type { MetricsIr } from '../ir/mesh-ir.ts';
import type { Series } from '../telemetry/store.ts';
import type { Ends } from './ends.ts';
import type { FamilyName, LabelName } from './families.ts';
import { fold, type Row } from './fold.ts';
import { type Labelled, labelled } from './labels.ts';
import { widthOf } from './registry.ts';

type Counted = Pick<Series, 'reporter' | 'metric' | 'tags'>;

/** Bytes of requests are not kept for an hour: there are as many of them as durations. */
const beside: Partial<Record<FamilyName, readonly FamilyName[]>> = {
  duration: ['duration', 'requestBytes', 'responseBytes'],
};

/**
 * Labels that have to be folded from the start. Known are the calls that arrived, and their response codes by class; what callers count is taken to be
 * as much. It may turn out later that more has to be folded.
 * @returns none: all fits
 */
export function foldedFromTheStart(
  counted: Iterable<Counted>,
  { labels, maxSeries, reporters }: MetricsIr,
  ends: Ends,
): ReadonlySet<LabelName> {
  const extra = new Set(labels);
  const rows = new Map<string, Row>();
  for (const { reporter, metric, tags } of counted) {
    const found = labelled(reporter, { metric, tags, count: 1, buckets: null }, { ends, extra });
    if (found !== null) for (const row of rowsOf(found)) rows.set(JSON.stringify(row), row);
  }
  return fold([...rows.values()], reporters === 'Both' ? maxSeries / 2 : maxSeries, new Set());
}

function rowsOf({ family, labels }: Labelled): readonly Row[] {
  return (beside[family] ?? [family]).map((name) => ({ family: name, labels, series: widthOf(name) }));
}
