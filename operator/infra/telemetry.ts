// Where a sidecar's own counters go: over OTLP to the telemetry cluster, once that has endpoints. They are those of the stats logger
// (envoy/resources/stats-log.ts), which RTDS switches on; Envoy's thousands of others stay with it.
import { statsPrefix, telemetryCluster } from '../values/sidecar-names.ts';
import type { Json } from './bootstrap-parts.ts';

const sink = 'envoy.extensions.stat_sinks.open_telemetry.v3.SinkConfig';
const ours = { prefix: `${statsPrefix}.` };

/** Milliseconds: of requests that a cache answers and of those that somebody gave up on. Envoy's own buckets are twice as many. */
export const histogramBuckets: Json = {
  match: ours,
  buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000],
};

const isOurs: Json = {
  single_predicate: {
    input: typed('name', 'envoy.extensions.matching.common_inputs.stats.v3.StatFullNameMatchInput'),
    value_match: ours,
  },
};

/** As differences, so that callers that are silent cost nothing. */
export const statsSink: Json = typed('envoy.stat_sinks.open_telemetry', sink, {
  grpc_service: { envoy_grpc: { cluster_name: telemetryCluster } },
  report_counters_as_deltas: true,
  report_histograms_as_deltas: true,
  custom_metric_conversions: {
    matcher_list: {
      matchers: [
        {
          predicate: { not_matcher: isOurs },
          on_match: { action: typed('drop', `${sink}.DropAction`) },
        },
      ],
    },
  },
});

function typed(name: string, type: string, fields: Json = {}): Json {
  return { name, typed_config: { '@type': `type.googleapis.com/${type}`, ...fields } };
}
