// Retries as people read them.
import { milliseconds } from './backend-text.ts';
import type { Retry } from './explanation.ts';

/** Envoy's words → those of the field. */
const conditions: ReadonlyMap<string, string> = new Map([
  ['connect-failure', 'ConnectFailure'],
  ['refused-stream', 'RefusedStream'],
  ['reset', 'Reset'],
  ['gateway-error', 'GatewayError'],
  ['5xx', 'ServerError'],
  ['cancelled', 'Cancelled'],
  ['deadline-exceeded', 'DeadlineExceeded'],
  ['internal', 'Internal'],
  ['resource-exhausted', 'ResourceExhausted'],
  ['unavailable', 'Unavailable'],
]);

export function retryText(retry: Retry | null): string {
  if (retry === null) return 'none';
  const perTry = milliseconds(retry.perTryTimeoutMs);
  const timing = retry.hedges ? `, or after ${perTry} beside the first try` : `, ${perTry} per try`;
  const on = retry.on.map((one) => conditions.get(one) ?? one).join(', ');
  return `${retry.attempts} on ${on === '' ? 'nothing' : on}${retry.perTryTimeoutMs === 0 ? '' : timing}`;
}
