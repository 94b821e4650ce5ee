// Where a sidecar's own counters go: over OTLP to the operator, with the sidecar's own certificate. They are those of the stats logger
// (envoy/resources/stats-log.ts), which RTDS switches on; Envoy's thousands of others stay with it.
import {
  durationBounds,
  nodeIdHeader,
  operatorCluster,
  reportRetries,
  statsPrefix,
} from '../values/sidecar-names.ts';
import type { Json } from './bootstrap-parts.ts';

const sink = 'envoy.extensions.stat_sinks.open_telemetry.v3.SinkConfig';
const ours = { prefix: `${statsPrefix}.` };

export const histogramBuckets: Json = { match: ours, buckets: [...durationBounds] };

/** How often: also what is read of a sidecar is as old as that. */
export const reportInterval = '10s';

/**
 * Counters of ours that did not change for so long are given up, so that others find room (the limits in envoy/resources/stats-log.ts):
 * a multiple of the interval of reports. What is counted in the moment of a sweep for a caller that was silent until then is lost, a few
 * milliseconds' worth (decision 59): that is why it is not at each report.
 */
export const evictionInterval = '60s';

/** More than a sidecar has, mostly. */
const mostPoints = 1_000;

/** A gauge of Envoy's own, which is always sent: a sidecar without traffic is told from one that does not report. */
const heartbeat = { exact: 'server.uptime' };

const isSent: Json = {
  or_matcher: {
    predicate: [ours, heartbeat].map((value) => ({
      single_predicate: {
        input: typed('name', 'envoy.extensions.matching.common_inputs.stats.v3.StatFullNameMatchInput'),
        value_match: value,
      },
    })),
  },
};

/** As differences, so that callers that are silent cost nothing. The operator believes the node ID if the certificate is that of its workload. */
export function statsSink(nodeId: string): Json {
  return typed('envoy.stat_sinks.open_telemetry', sink, {
    grpc_service: {
      envoy_grpc: { cluster_name: operatorCluster },
      retry_policy: reportRetries,
      initial_metadata: [{ key: nodeIdHeader, value: nodeId }],
    },
    max_data_points_per_request: mostPoints,
    report_counters_as_deltas: true,
    report_histograms_as_deltas: true,
    custom_metric_conversions: {
      matcher_list: {
        matchers: [
          {
            predicate: { not_matcher: isSent },
            on_match: { action: typed('drop', `${sink}.DropAction`) },
          },
        ],
      },
    },
  });
}

function typed(name: string, type: string, fields: Json = {}): Json {
  return { name, typed_config: { '@type': `type.googleapis.com/${type}`, ...fields } };
}
