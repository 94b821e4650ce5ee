// Checks of endpoints by the sidecars of callers, in the transport that requests to the endpoint have: mutual TLS where its sidecar takes it.
// @see https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/health_checking
import type { HealthCheckIr } from '../../../ir/destination.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { duration } from '../../proto/well-known.ts';

/** Of healthy endpoints of clusters without requests so far. */
const idleIntervalMs = 60_000;

/**
 * Fields of a cluster.
 * @param authority what the application gets as the host of the request
 */
export function healthChecks(check: HealthCheckIr | null, authority: string): EnvoyMessage {
  if (check === null) return {};
  return {
    health_checks: [
      {
        timeout: duration(check.timeoutMs),
        interval: duration(check.intervalMs),
        // So that not all callers ask at the same moment.
        interval_jitter_percent: 10,
        // Else one that was not ready for the first check would be left out for a minute.
        no_traffic_interval: duration(check.intervalMs),
        no_traffic_healthy_interval: duration(Math.max(check.intervalMs, idleIntervalMs)),
        unhealthy_threshold: check.unhealthyThreshold,
        healthy_threshold: check.healthyThreshold,
        ...checker(check.probe, authority),
      },
    ],
    // An endpoint that the cluster takes away is gone, however well it answers.
    ignore_health_on_host_removal: true,
  };
}

/** Other statuses than 200. Those that are not listed would be enough at once, whatever the threshold. */
const failures: readonly EnvoyMessage[] = [
  { start: 100, end: 200 },
  { start: 201, end: 600 },
];

function checker(probe: HealthCheckIr['probe'], authority: string): EnvoyMessage {
  switch (probe.type) {
    case 'HTTP':
      return { http_health_check: { host: authority, path: probe.path, retriable_statuses: failures } };
    case 'GRPC':
      return { grpc_health_check: { authority } };
    case 'TCP':
      return { tcp_health_check: {} };
  }
}
