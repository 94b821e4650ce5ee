// What Prometheus is told of traffic: each operator of the sidecars that report to it, so that the sum over all operators counts once.
import { defaultMetrics, type MetricsIr } from '../ir/mesh-ir.ts';
import { createEnds } from '../traffic-metrics/ends.ts';
import { foldedFromTheStart } from '../traffic-metrics/estimate.ts';
import { contentType, exposition } from '../traffic-metrics/exposition.ts';
import { labelled } from '../traffic-metrics/labels.ts';
import { TrafficRegistry } from '../traffic-metrics/registry.ts';
import { compareText } from '../values/compare-text.ts';
import { isSameValue } from '../values/same-value.ts';
import type { Context, Made, Reads, Writes } from './part.ts';

type Cells = Reads<'resources' | 'translation' | 'ownCounts' | 'observations'> &
  Writes<'trafficMetrics' | 'metricsReport'>;

const noOwners: ReadonlyMap<string, string> = new Map();

export function createTrafficMetrics(
  { resources, translation, ownCounts, observations, trafficMetrics, metricsReport }: Cells,
  { clock, log }: Pick<Context, 'clock' | 'log'>,
): Made {
  let settings: MetricsIr = defaultMetrics;
  let extra = new Set(settings.labels);
  const registry = new TrafficRegistry(settings.maxSeries);
  const ends = createEnds(() => {
    const { ir, owners = noOwners } = translation.get();
    return { ir, owners, pods: resources.get()?.pods ?? [] };
  });
  const tell = (): void => {
    const report = { maxSeries: registry.size.most, folded: [...registry.size.folded].toSorted(compareText) };
    if (isSameValue(report.folded, metricsReport.get().folded)) return;
    log.info({ ...report }, 'labels of the metrics of traffic folded');
    metricsReport.set(report);
  };
  const configure = (next: MetricsIr): void => {
    const isSame = isSameValue(next.labels, settings.labels);
    const { series, folded } = registry.size;
    settings = next;
    extra = new Set(next.labels);
    if (isSame && folded.size === 0 && series <= next.maxSeries) registry.resize(next.maxSeries);
    // Before it is in force: what would be too much never is.
    else registry.restart(next.maxSeries, foldedFromTheStart(observations.get().counted(), next, ends));
    tell();
  };
  translation.subscribe(() => {
    const { ir } = translation.get();
    const next = ir?.settings.metrics ?? defaultMetrics;
    if (ir !== null && !isSameValue(next, settings)) configure(next);
  });
  ownCounts.subscribe(() => {
    const counted = ownCounts.get();
    if (counted === null) return;
    const nowMs = clock.monotonicMs();
    for (const point of counted.points) {
      const series = labelled(counted.workload, point, { ends, extra });
      if (series !== null) registry.add(series, point, nowMs);
    }
    tell();
  });
  trafficMetrics.define(() => ({ type: contentType, pieces: exposition(registry) }));
  return {};
}
