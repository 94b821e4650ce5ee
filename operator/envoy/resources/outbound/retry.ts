// Retries. In a mesh a dead application sits behind a live sidecar, so that the client never sees a connect failure:
// the server's sidecar says with headers what happened (see inbound/connection-manager.ts), and those are retried on.
import type { RetryIr, RetryOn } from '../../../ir/service.ts';
import { duration } from '../../proto/well-known.ts';
import { notReachedHeader, repeatableHeader, resetHeader } from '../names.ts';
import { extension } from '../typed-config.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';

interface Condition {
  /** Of the client's own sidecar. */
  readonly on: string;
  /** Of replies of the server's. */
  readonly headers: readonly EnvoyMessage[];
}

const conditions: Readonly<Record<RetryOn, Condition>> = {
  ConnectFailure: { on: 'connect-failure', headers: [present(notReachedHeader), present(repeatableHeader)] },
  // Refused before the application looked at it. @see https://www.rfc-editor.org/rfc/rfc9113#section-8.7
  RefusedStream: {
    on: 'refused-stream',
    headers: [{ name: resetHeader, string_match: { contains: 'remote_refused_stream_reset' } }],
  },
  Reset: { on: 'reset', headers: [present(resetHeader)] },
  GatewayError: { on: 'gateway-error', headers: [] },
  ServerError: { on: '5xx', headers: [] },
};

function present(name: string): EnvoyMessage {
  return { name, present_match: true };
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
  if (retry.attempts === 0 || retry.on.length === 0) return null;
  const chosen = retry.on.map((on) => conditions[on]);
  const headers = chosen.flatMap((condition) => condition.headers);
  return {
    retry_on: [...chosen.map(({ on }) => on), ...(headers.length > 0 ? ['retriable-headers'] : [])].join(','),
    num_retries: retry.attempts,
    ...(retry.perTryTimeoutMs > 0 && { per_try_timeout: duration(retry.perTryTimeoutMs) }),
    ...(headers.length > 0 && { retriable_headers: headers }),
    retry_back_off: { base_interval: duration(5), max_interval: duration(50) },
    retry_host_predicate: [otherHost],
    host_selection_retry_max_attempts: hostSelections,
  };
}

const otherHost = extension(
  'envoy.retry_host_predicates.previous_hosts',
  'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
);
