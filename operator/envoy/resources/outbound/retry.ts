// Retries. In a mesh a dead application sits behind a live sidecar, so that the client never sees a connect failure:
// the server's sidecar says with headers what happened (see inbound/connection-manager.ts), and those are retried on.
import type { BackoffIr, RetryGrpcCode, RetryIr, RetryOn } from '../../../ir/route.ts';
import { duration } from '../../proto/well-known.ts';
import { markerValue, notReachedHeader, repeatableHeader, resetHeader } from '../names.ts';
import { extension } from '../typed-config.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';

interface Condition {
  /** Of the client's own sidecar. */
  readonly on: string;
  /** Of replies of the server's. */
  readonly headers: readonly EnvoyMessage[];
}

const conditions: Readonly<Record<RetryOn, Condition>> = {
  ConnectFailure: { on: 'connect-failure', headers: [says(notReachedHeader), says(repeatableHeader)] },
  // Refused before the application looked at it. @see https://www.rfc-editor.org/rfc/rfc9113#section-8.7
  RefusedStream: {
    on: 'refused-stream',
    headers: [{ name: resetHeader, string_match: { contains: 'remote_refused_stream_reset' } }],
  },
  Reset: { on: 'reset', headers: [{ name: resetHeader, string_match: { contains: '_reset_' } }] },
  GatewayError: { on: 'gateway-error', headers: [] },
  ServerError: { on: '5xx', headers: [] },
};

const grpcConditions: Readonly<Record<RetryGrpcCode, string>> = {
  Cancelled: 'cancelled',
  DeadlineExceeded: 'deadline-exceeded',
  Internal: 'internal',
  ResourceExhausted: 'resource-exhausted',
  Unavailable: 'unavailable',
};

function says(name: string): EnvoyMessage {
  return { name, string_match: { exact: markerValue } };
}

/**
 * How often the load balancer is asked again for a host that was not tried yet. Least-request prefers a host that
 * fails at once, since it has nothing in flight: of two hosts it picks that one three times out of four, and then
 * five selections leave a request in six without another host; thirty leave one in 7,000.
 */
const hostSelections = 30;

/**
 * How much of a body a sidecar keeps while it may have to repeat the request: as much as is usually on its way before the news that
 * nobody takes it comes back. Beyond, the request is not repeated: Envoy counts `retry_or_shadow_abandoned`, and answers 507 if no try is left.
 */
export const maxRepeatedBodyBytes = 4 * 1024 * 1024;

/** Null when there is nothing to retry. */
export function retryPolicy(retry: RetryIr): EnvoyMessage | null {
  const chosen = retry.on.map((on) => conditions[on]);
  const headers = chosen.flatMap((condition) => condition.headers);
  const { statusCodes, grpcCodes } = retry;
  const retryOn = [
    ...chosen.map(({ on }) => on),
    ...(headers.length > 0 ? ['retriable-headers'] : []),
    ...(statusCodes.length > 0 ? ['retriable-status-codes'] : []),
    ...grpcCodes.map((code) => grpcConditions[code]),
  ];
  if (retry.attempts === 0 || (retryOn.length === 0 && !retry.hedge)) return null;
  return {
    // What is hedged needs a policy, be it one that retries nothing.
    retry_on: retryOn.length === 0 ? 'retriable-headers' : retryOn.join(','),
    num_retries: retry.attempts,
    ...(retry.perTryTimeoutMs > 0 && { per_try_timeout: duration(retry.perTryTimeoutMs) }),
    ...(headers.length > 0 && { retriable_headers: headers }),
    ...(statusCodes.length > 0 && { retriable_status_codes: statusCodes }),
    ...backoff(retry.backoff ?? standardBackoff),
    ...(retry.otherZone && { retry_priority: otherZone }),
    retry_host_predicate: [otherHost],
    host_selection_retry_max_attempts: hostSelections,
  };
}

/** Fields of a route's action. */
export function hedging({ attempts, hedge }: RetryIr): EnvoyMessage {
  return hedge && attempts > 0 ? { hedge_policy: { hedge_on_per_try_timeout: true } } : {};
}

const standardBackoff: BackoffIr = { baseMs: 5, maxMs: 50, honorRetryAfter: false };

/** Longer ones are ignored: a caller is more likely to have an end in mind. */
const maxRetryAfterMs = 60_000;

function backoff({ baseMs, maxMs, honorRetryAfter }: BackoffIr): EnvoyMessage {
  const retryAfter = { name: 'retry-after', format: 'SECONDS' };
  return {
    retry_back_off: { base_interval: duration(baseMs), max_interval: duration(maxMs) },
    ...(honorRetryAfter && {
      rate_limited_retry_back_off: { reset_headers: [retryAfter], max_interval: duration(maxRetryAfterMs) },
    }),
  };
}

const otherHost = extension(
  'envoy.retry_host_predicates.previous_hosts',
  'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
);

/** Zones are priorities. When all were tried, they begin anew. */
const otherZone = extension(
  'envoy.retry_priorities.previous_priorities',
  'envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig',
  { update_frequency: 1 },
);
