// How long a sidecar waits for those who say nothing: what costs it something, and no application. A request, a stream, a WebSocket or
// a TCP connection may be silent for as long as its two ends like; who is gone without a word is found out by the kernel.
import { duration } from '../proto/well-known.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';

const minuteMs = 60_000;

/** From the first byte of a request to the end of its headers: as Node.js and nginx wait. */
export const requestHeadersTimeout = duration(minuteMs);

/** From the end of the client's first words to the end of a TLS handshake. */
export const handshakeTimeout = duration(15_000);

/**
 * Connections without a request. Between two sidecars the caller's, which knows what it needs, closes first: a request that meets a
 * connection as it is being closed would fail.
 */
export const idleTimeout = { caller: duration(10 * minuteMs), server: duration(15 * minuteMs) } as const;

/** Applications hear nothing of it. A peer that has vanished is given up after seven minutes, and middleboxes keep the connection. */
export const tcpKeepalive: EnvoyMessage = {
  keepalive_time: 300,
  keepalive_interval: 30,
  keepalive_probes: 4,
};
