// How much a caller sends to a service at the same time. Beyond: 503 with the response flag UO.
import type { CircuitBreakerIr } from '../../../ir/destination.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { limits } from '../upstream.ts';

/** Of a cluster. Each of its connections to each endpoint, and each of its requests, counts once for the sidecar. */
export function circuitBreakers(breaker: CircuitBreakerIr): EnvoyMessage {
  const { maxConnectionsPerEndpoint: perEndpoint } = breaker;
  return {
    ...limits({
      max_connections: breaker.maxConnections,
      max_pending_requests: breaker.maxPendingRequests,
      max_requests: breaker.maxRequests,
      max_retries: breaker.maxRetries,
    }),
    ...(perEndpoint > 0 && { per_host_thresholds: [{ max_connections: perEndpoint }] }),
  };
}
