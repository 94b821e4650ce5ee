// The connections of a caller to the endpoints of a service.
import type { ConnectionIr } from '../../../ir/destination.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { duration } from '../../proto/well-known.ts';
import { http1, http2 } from '../http-protocol.ts';

/** Fields of a cluster. */
export function connectionFields({ connectTimeoutMs, tcpKeepalive }: ConnectionIr): EnvoyMessage {
  const { timeMs, intervalMs, probes } = tcpKeepalive;
  return {
    connect_timeout: duration(connectTimeoutMs),
    upstream_connection_options: {
      tcp_keepalive: {
        keepalive_time: seconds(timeMs),
        keepalive_interval: seconds(intervalMs),
        keepalive_probes: probes,
      },
    },
  };
}

/** Fields of common_http_protocol_options. */
export function commonHttpFields({ idleTimeoutMs, maxAgeMs, maxRequests }: ConnectionIr): EnvoyMessage {
  return {
    idle_timeout: duration(idleTimeoutMs),
    ...(maxAgeMs > 0 && { max_connection_duration: duration(maxAgeMs) }),
    ...(maxRequests > 0 && { max_requests_per_connection: maxRequests }),
  };
}

/** Fields of HttpProtocolOptions; none: what all clusters have. */
export function http2Fields({ maxConcurrentStreams }: ConnectionIr): EnvoyMessage {
  if (maxConcurrentStreams === 0) return {};
  return {
    use_downstream_protocol_config: {
      http_protocol_options: http1,
      http2_protocol_options: { ...http2, max_concurrent_streams: maxConcurrentStreams },
    },
  };
}

function seconds(ms: number): number {
  return Math.ceil(ms / 1_000);
}
