// How long a request may take: from its first byte to the last one of the response, whatever happens in between.
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { duration } from '../../proto/well-known.ts';

export interface TimedRoute {
  /** Added to the match of the route: which of its requests. */
  readonly headers: readonly EnvoyMessage[];
  /** Fields of the route's action. */
  readonly timeouts: EnvoyMessage;
}

/** Who has switched protocols goes on for as long as both ends like. (HTTP/2 has no such header, but Envoy writes it for RFC 8441.) */
const switched: EnvoyMessage = { name: 'upgrade', present_match: true };

/**
 * Envoy's timeout of a route begins when the request is complete and knows nothing of faults: an upload or a stream of a client that stalls
 * would never end, and a delay come on top. The duration of the stream has neither gap, and its end is DEADLINE_EXCEEDED in gRPC.
 * @param timeoutMs 0: none
 */
export function timedRoutes(timeoutMs: number): readonly TimedRoute[] {
  const unlimited = { headers: [], timeouts: { timeout: duration(0) } };
  if (timeoutMs === 0) return [unlimited];
  return [
    { headers: [switched], timeouts: { timeout: duration(timeoutMs) } },
    {
      headers: [],
      timeouts: { timeout: duration(0), max_stream_duration: { max_stream_duration: duration(timeoutMs) } },
    },
  ];
}
