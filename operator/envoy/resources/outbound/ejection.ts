// Endpoints that nobody can reach are left out for a while: one failure is enough to know, and what cannot be repeated, such as a large
// upload, goes to another one the first time. What applications answer, be it 500, has no part in it.
// @see https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { duration } from '../../proto/well-known.ts';
import { notReachedHeader } from '../names.ts';

/** Of HttpProtocolOptions: what counts as an error, in place of every 5xx. */
export const unreachable: EnvoyMessage = {
  error_matcher: {
    http_response_headers_match: { headers: [{ name: notReachedHeader, present_match: true }] },
  },
};

/** Of a cluster. If all endpoints are left out, all are used: see healthy_panic_threshold. */
export const ejection: EnvoyMessage = {
  // Said by the sidecar of the server: its application takes no connections.
  consecutive_5xx: 1,
  // Failures to connect to the pod itself, and tries that timed out.
  split_external_local_origin_errors: true,
  consecutive_local_origin_failure: 5,
  interval: duration(1_000),
  base_ejection_time: duration(2_000),
  max_ejection_time: duration(30_000),
  max_ejection_percent: 100,
  // Statistics over all endpoints: not asked for.
  enforcing_success_rate: 0,
  enforcing_local_origin_success_rate: 0,
};
