// When a sidecar gives up on a peer that sends nothing. Only what costs the sidecar and no application needs has a timeout; a request, a
// stream, a WebSocket or a TCP connection may be idle for as long as its two ends like. The kernel detects peers that have vanished.
import { duration } from '../proto/well-known.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';

const minuteMs = 60_000;

/** From the first byte of a request to the end of its headers: as Node.js and nginx wait. */
export const requestHeadersTimeout = duration(minuteMs);

/** From the end of the client's first bytes to the end of a TLS handshake. */
export const handshakeTimeout = duration(15_000);

/**
 * Of connections without a request, on the side of the server. Between two sidecars the caller's closes first, after ten minutes at most
 * (connection.idleTimeout of a TrafficPolicy), because it knows when it sends the next request: a request on a connection that is being
 * closed would fail.
 */
export const serverIdleTimeout = duration(15 * minuteMs);

/** Invisible to applications. A vanished peer is detected after seven minutes, and middleboxes do not drop the connection. */
export const tcpKeepalive: EnvoyMessage = {
  keepalive_time: 300,
  keepalive_interval: 30,
  keepalive_probes: 4,
};
