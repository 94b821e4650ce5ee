// Writes counts for Cloud Monitoring. Pure. @see https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/create
import { durationBounds, statsPrefix } from '../../values/sidecar-names.ts';
import { type Place, resourceOf, timeOf } from './place.ts';
import type { Series } from './series.ts';

/** Of one request. */
const mostSeries = 200;

/** The requests that bring all of them, each with what is in it. */
export function writeTimeSeries(
  series: readonly Series[],
  place: Place,
): readonly { readonly body: object; readonly series: readonly Series[] }[] {
  const count = Math.ceil(series.length / mostSeries);
  return Array.from({ length: count }, (_, at) => {
    const some = series.slice(at * mostSeries, (at + 1) * mostSeries);
    return { series: some, body: { timeSeries: some.map((one) => timeSeriesOf(one, place)) } };
  });
}

function timeSeriesOf(series: Series, place: Place): object {
  const { source, metric, tags, startMs, endMs, count, buckets } = series;
  const isDuration = buckets !== null;
  return {
    metric: {
      // As OpenTelemetry's exporter for Google Cloud names it.
      type: `workload.googleapis.com/${statsPrefix}.${metric}`,
      labels: { ...Object.fromEntries(tags), service_account: source.serviceAccount },
    },
    resource: resourceOf(source, place),
    metricKind: 'CUMULATIVE',
    valueType: isDuration ? 'DISTRIBUTION' : 'INT64',
    unit: unitOf(metric),
    points: [
      {
        interval: { startTime: timeOfMs(startMs), endTime: timeOfMs(endMs) },
        value: isDuration
          ? { distributionValue: distributionOf(series, buckets) }
          : { int64Value: String(count) },
      },
    ],
  };
}

function distributionOf({ sum }: Series, buckets: readonly number[]): object {
  // Google wants their sum.
  const count = buckets.reduce((all, one) => all + one, 0);
  return {
    count: String(count),
    mean: count === 0 ? 0 : sum / count,
    bucketOptions: { explicitBuckets: { bounds: durationBounds } },
    bucketCounts: buckets.map(String),
  };
}

function unitOf(metric: string): string {
  if (metric.endsWith('.duration')) return 'ms';
  return metric.endsWith('_bytes') ? 'By' : '1';
}

function timeOfMs(ms: number): string {
  return timeOf(BigInt(ms) * 1_000_000n);
}
