// How much a caller sends to a service at the same time. Beyond: 503 with the response flag UO, or no further retry.
import type { CircuitBreakerIr } from '../../../ir/destination.ts';
import type { ServicePortIr } from '../../../ir/service.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { limits } from '../upstream.ts';

/** Of a cluster. Each of its connections to each endpoint, and each of its requests, counts once for the sidecar. TCP has no retries. */
export function circuitBreakers(
  breaker: CircuitBreakerIr,
  protocol: ServicePortIr['protocol'],
): EnvoyMessage {
  const { maxConnectionsPerEndpoint: perEndpoint, retryBudget } = breaker;
  const atMost = {
    max_connections: breaker.maxConnections,
    max_pending_requests: breaker.maxPendingRequests,
    max_requests: breaker.maxRequests,
    max_retries: breaker.maxRetries,
  };
  const more = protocol === 'HTTP' &&
    retryBudget !== null && {
      retry_budget: {
        budget_percent: { value: retryBudget.percentage },
        min_retry_concurrency: retryBudget.minConcurrency,
      },
    };
  return {
    ...limits(atMost, more || {}),
    ...(perEndpoint > 0 && { per_host_thresholds: [{ max_connections: perEndpoint }] }),
  };
}
