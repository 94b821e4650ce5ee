// Endpoints that are left out for a while. Without a policy those that nobody can reach: one failure is enough to know, and what cannot be
// repeated, such as a large upload, goes to another one the first time. What applications answer, be it 500, has a part in it only if a
// policy says so; then it is what counts, and the 503 of the sidecar of a dead application counts with it.
// @see https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier
import type { DestinationIr, OutlierDetectionIr } from '../../../ir/destination.ts';
import type { ServicePortIr } from '../../../ir/service.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { duration } from '../../proto/well-known.ts';
import { markerValue, notReachedHeader } from '../names.ts';

/** Of HttpProtocolOptions: what counts as an error in place of every 5xx, if it is not that. */
export function errorMatcher(detection: OutlierDetectionIr): EnvoyMessage {
  return countsResponses(detection) ? {} : { outlier_detection: unreachable };
}

/** Said by the sidecar of the server: its application takes no connections. */
const unreachable: EnvoyMessage = {
  error_matcher: {
    http_response_headers_match: {
      headers: [{ name: notReachedHeader, string_match: { exact: markerValue } }],
    },
  },
};

/** Field of a cluster. If all endpoints are left out, all are used: see healthy_panic_threshold. */
export function ejection(
  {
    outlierDetection: detection,
    locality,
    healthCheck,
  }: Pick<DestinationIr, 'outlierDetection' | 'locality' | 'healthCheck'>,
  protocol: ServicePortIr['protocol'],
): EnvoyMessage {
  // TCP: no zone takes over from another one whose endpoints are not known to fail. One is enough: each further one is a connection that the application loses.
  const usual = protocol === 'HTTP' ? 5 : locality === null ? 0 : 1;
  const failures = detection.consecutiveLocalOriginFailures ?? usual;
  if (protocol === 'TCP' && failures === 0) return {};
  const { intervalMs, baseEjectionTimeMs, maxEjectionPercentage } = detection;
  return {
    outlier_detection: {
      ...(countsResponses(detection) ? ofResponses(detection) : ofUnreachable),
      // Failures to connect to the pod itself, and tries that timed out.
      split_external_local_origin_errors: true,
      ...(failures === 0
        ? { enforcing_consecutive_local_origin_failure: 0 }
        : { consecutive_local_origin_failure: failures }),
      interval: duration(intervalMs),
      base_ejection_time: duration(baseEjectionTimeMs),
      max_ejection_time: duration(Math.max(30_000, 10 * baseEjectionTimeMs)),
      max_ejection_percent: maxEjectionPercentage,
      // Else a percentage of few endpoints would be none of them.
      ...(maxEjectionPercentage < 100 && { always_eject_one_host: true }),
      enforcing_local_origin_success_rate: 0,
      // What answers errors may still pass a check of its health.
      ...(healthCheck !== null &&
        countsResponses(detection) && { successful_active_health_check_uneject_host: false }),
    },
  };
}

function countsResponses(detection: OutlierDetectionIr): boolean {
  const { consecutive5xx, consecutiveGatewayErrors, successRate, failurePercentage } = detection;
  return (
    consecutive5xx > 0 || consecutiveGatewayErrors > 0 || successRate !== null || failurePercentage !== null
  );
}

/** One is enough. Statistics over all endpoints: not asked for. */
const ofUnreachable: EnvoyMessage = { consecutive_5xx: 1, enforcing_success_rate: 0 };

function ofResponses(detection: OutlierDetectionIr): EnvoyMessage {
  const { consecutive5xx, consecutiveGatewayErrors, successRate, failurePercentage } = detection;
  return {
    ...(consecutive5xx > 0 ? { consecutive_5xx: consecutive5xx } : { enforcing_consecutive_5xx: 0 }),
    ...(consecutiveGatewayErrors > 0 && {
      consecutive_gateway_failure: consecutiveGatewayErrors,
      enforcing_consecutive_gateway_failure: 100,
    }),
    ...(successRate === null
      ? { enforcing_success_rate: 0 }
      : {
          success_rate_minimum_hosts: successRate.minEndpoints,
          success_rate_request_volume: successRate.minRequests,
          // In thousandths.
          success_rate_stdev_factor: successRate.standardDeviationPercentage * 10,
        }),
    ...(failurePercentage !== null && {
      enforcing_failure_percentage: 100,
      failure_percentage_threshold: failurePercentage.threshold,
      failure_percentage_minimum_hosts: failurePercentage.minEndpoints,
      failure_percentage_request_volume: failurePercentage.minRequests,
    }),
  };
}
