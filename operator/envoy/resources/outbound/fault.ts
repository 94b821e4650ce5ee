// Faults that a route injects. The filter is in every outbound chain and does nothing until a route configures it:
// configuration for a filter that is not in the chain would be accepted and ignored.
import type { FaultIr } from '../../../ir/service.ts';
import { duration } from '../../proto/well-known.ts';
import { any, extension } from '../typed-config.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';

const faultMessage = 'envoy.extensions.filters.http.fault.v3.HTTPFault';

export const faultFilter = extension('envoy.filters.http.fault', faultMessage);

/** What a route says to it. */
export function routeFault({ delay, abort }: FaultIr): EnvoyMessage {
  return any(faultMessage, {
    ...(delay && {
      delay: { fixed_delay: duration(delay.durationMs), percentage: fraction(delay.percentage) },
    }),
    ...(abort && { abort: { http_status: abort.status, percentage: fraction(abort.percentage) } }),
  });
}

/** Down to a ten-thousandth of a percent. */
function fraction(percentage: number): EnvoyMessage {
  return { numerator: Math.round(percentage * 10_000), denominator: 'MILLION' };
}
