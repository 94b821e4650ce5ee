// A share of requests in Envoy's words.
import type { EnvoyMessage } from '../../proto/envoy-message.ts';

/** Down to a ten-thousandth of a percent. */
export function fraction(percentage: number): EnvoyMessage {
  return { numerator: Math.round(percentage * 10_000), denominator: 'MILLION' };
}
