// Copies of requests have clusters of their own, with limits that nothing else has: nobody waits for their responses, so that nobody would
// miss them, and a target that never answers would fill the sidecars of all callers with open requests.
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { duration } from '../../proto/well-known.ts';
import { clusterName } from '../names.ts';
import { limits } from '../upstream.ts';

const mostInFlight = 100;
/** An upload waits for its copy to be read: until this is over. */
const longestMs = 15_000;

/** `shop/reviews/9080/v1/copies`; of all endpoints `shop/reviews/9080//copies`: no subset has a name with a slash, or none. */
export function copiesClusterName(serviceKey: string, subset: string | null): string {
  return `${clusterName(serviceKey, subset ?? '')}/copies`;
}

/** Field of such a cluster. */
export const copiesLimits: EnvoyMessage = limits({
  max_connections: mostInFlight,
  max_pending_requests: mostInFlight,
  max_requests: mostInFlight,
  max_retries: mostInFlight,
});

/** Of its common_http_protocol_options. */
export const copiesDuration: EnvoyMessage = { max_stream_duration: duration(longestMs) };
