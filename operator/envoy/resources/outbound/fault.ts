// Faults that a route injects. The filter is in every outbound chain and does nothing until a route configures it:
// configuration for a filter that is not in the chain would be accepted and ignored.
import type { FaultIr } from '../../../ir/route.ts';
import { duration } from '../../proto/well-known.ts';
import { headerMatch } from '../header-match.ts';
import { fraction } from './fraction.ts';
import { any, extension } from '../typed-config.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';

const faultMessage = 'envoy.extensions.filters.http.fault.v3.HTTPFault';

export const faultFilter = extension('envoy.filters.http.fault', faultMessage);

/** Others would get 200 for an answer. */
const grpcCall: EnvoyMessage = {
  name: 'content-type',
  string_match: { safe_regex: { regex: 'application/grpc(?:[+;].*)?' } },
};

/** What a route says to it. */
export function routeFault({ delay, abort, bandwidth, headers }: FaultIr): EnvoyMessage {
  const conditions = [...(abort?.type === 'gRPC' ? [grpcCall] : []), ...headers.map(headerMatch)];
  return any(faultMessage, {
    ...(delay && {
      delay: { fixed_delay: duration(delay.durationMs), percentage: fraction(delay.percentage) },
    }),
    ...(abort && {
      abort: {
        [abort.type === 'gRPC' ? 'grpc_status' : 'http_status']: abort.status,
        percentage: fraction(abort.percentage),
      },
    }),
    // In KiB per second, whatever its name says.
    ...(bandwidth && {
      response_rate_limit: {
        fixed_limit: { limit_kbps: bandwidth.kibibytesPerSecond },
        percentage: fraction(bandwidth.percentage),
      },
    }),
    ...(conditions.length > 0 && { headers: conditions }),
  });
}
