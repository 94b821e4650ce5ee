// What clusters of both directions have in common.
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { http1, http2, maxHeaders, maxHeadersKiB } from './http-protocol.ts';
import { any } from './typed-config.ts';

export const connectTimeoutMs = 5_000;

const unlimited = 2 ** 32 - 1;

/** Of a cluster: at most so many at the same time; 0: no limit. */
export interface Limits {
  readonly max_connections: number;
  readonly max_pending_requests: number;
  readonly max_requests: number;
  readonly max_retries: number;
}

/** Envoy's own limits are low (3 concurrent retries): without a policy that sets one there is none. */
export const noLimits: EnvoyMessage = limits({
  max_connections: 0,
  max_pending_requests: 0,
  max_requests: 0,
  max_retries: 0,
});

/** @param more fields of the threshold */
export function limits(atMost: Limits, more: EnvoyMessage = {}): EnvoyMessage {
  const threshold = Object.entries(atMost).map(([name, limit]) => [name, limit === 0 ? unlimited : limit]);
  return { thresholds: [{ ...Object.fromEntries(threshold), ...more }] };
}

/** HTTP/1.1 stays HTTP/1.1 and HTTP/2 stays HTTP/2 on the way to the next hop. */
export const sameProtocol: EnvoyMessage = httpOptions({}, {});

/**
 * @param common fields of its common_http_protocol_options
 * @param more fields of HttpProtocolOptions
 */
export function httpOptions(common: EnvoyMessage, more: EnvoyMessage): EnvoyMessage {
  return protocolOptions(common, {
    use_downstream_protocol_config: { http_protocol_options: http1, http2_protocol_options: http2 },
    ...more,
  });
}

/** The same for a cluster that chooses its protocol itself. */
export function protocolOptions(common: EnvoyMessage, more: EnvoyMessage): EnvoyMessage {
  const type = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return {
    [type]: any(type, {
      common_http_protocol_options: {
        max_headers_count: maxHeaders,
        max_response_headers_kb: maxHeadersKiB,
        ...common,
      },
      ...more,
    }),
  };
}
