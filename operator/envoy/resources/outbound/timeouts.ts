// How long a request may take: from its first byte to the last one of the response, whatever happens in between.
import type { RouteIr } from '../../../ir/route.ts';
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

/** In milliseconds; 0: none. */
export type Timeouts = Pick<RouteIr, 'timeoutMs' | 'idleTimeoutMs' | 'streamTimeoutMs'>;

export const noTimeouts: Timeouts = { timeoutMs: 0, idleTimeoutMs: 0, streamTimeoutMs: 0 };

/**
 * Envoy's timeout of a route begins when the request is complete and knows nothing of faults: an upload or a stream of a client that stalls
 * would never end, and a delay come on top. The duration of the stream has neither gap, and its end is DEADLINE_EXCEEDED in gRPC.
 */
export function timedRoutes({ timeoutMs, idleTimeoutMs, streamTimeoutMs }: Timeouts): readonly TimedRoute[] {
  const idle = idleTimeoutMs > 0 ? { idle_timeout: duration(idleTimeoutMs) } : {};
  const ofAnyKind = { ...idle, ...longest(streamTimeoutMs) };
  if (timeoutMs === 0) return [{ headers: [], timeouts: { timeout: duration(0), ...ofAnyKind } }];
  const shorter = streamTimeoutMs === 0 ? timeoutMs : Math.min(timeoutMs, streamTimeoutMs);
  return [
    { headers: [switched], timeouts: { timeout: duration(timeoutMs), ...ofAnyKind } },
    { headers: [], timeouts: { timeout: duration(0), ...idle, ...longest(shorter) } },
  ];
}

/** A caller over gRPC may ask for less by its deadline: nobody waits for it any longer. */
function longest(ms: number): EnvoyMessage {
  if (ms === 0) return {};
  return {
    max_stream_duration: { max_stream_duration: duration(ms), grpc_timeout_header_max: duration(ms) },
  };
}
