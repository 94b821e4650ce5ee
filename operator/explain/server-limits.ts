// What the sidecar of a server has that may refuse a call. Whether it does depends on the calls before it.
import type { EnvoyMessage } from '../envoy/proto/envoy-message.ts';
import { inboundRouteTableName } from '../envoy/resources/names.ts';
import { limitsOf } from '../envoy/resources/placeholders.ts';
import type { ServerLimit } from './explanation.ts';
import {
  isMessage,
  knowingOnly,
  messageIn,
  messagesIn,
  millisecondsIn,
  numberIn,
  textIn,
  typeOf,
  UnreadableError,
} from './fields.ts';
import { afterMutations, type Arrived, arrivedAt, withPath } from './arrived.ts';
import type { CallRequest } from './call.ts';
import { matchesRequest } from './matchers.ts';
import type { ProxyConfig } from './proxy-config.ts';
import { afterQuotaScript, quotaOf, withCosts } from './quota.ts';
import { rateOf } from './rate.ts';

export interface ArrivingCall {
  /** As the sidecar of the caller sends it. */
  readonly request: CallRequest;
  readonly port: number;
  /** The SPIFFE ID of the caller; null: it comes in plaintext. */
  readonly caller: string | null;
}

/**
 * In the order in which they are asked. Empty for what is no HTTP port of the sidecar.
 * @throws UnreadableError if the configuration says something that is not understood here
 */
export function limitsAt(
  config: ProxyConfig,
  { request, port, caller }: ArrivingCall,
): readonly ServerLimit[] {
  const table = config.routes.get(
    inboundRouteTableName(String(port), caller === null ? 'plaintext' : 'mesh'),
  );
  const [host] = messagesIn(table?.message ?? {}, 'virtual_hosts');
  const arrived = arrivedAt(request, caller);
  const route = messagesIn(host ?? {}, 'routes').find((one) =>
    matchesRequest(messageIn(one, 'match') ?? {}, arrived.request),
  );
  const ofRoute = messageIn(route ?? {}, 'typed_per_filter_config') ?? {};
  const { name } = limitsOf(String(port)).filter;
  if (messageIn(ofRoute, name) === null) return [];
  return limitsIn(filtersIn(config, name), withPath(arrived, ofRoute));
}

function filtersIn({ extensions }: ProxyConfig, name: string): readonly EnvoyMessage[] {
  const chain = messageIn(extensions.get(name)?.message ?? {}, 'typed_config') ?? {};
  return messagesIn(messageIn(chain, 'default_filter_chain') ?? {}, 'filters').map((filter) => {
    const config = filter['typed_config'];
    if (!isMessage(config))
      throw new UnreadableError(`nothing says what the filter ${textIn(filter, 'name') ?? ''} does`);
    return config;
  });
}

const http = 'envoy.extensions.filters.http';

function limitsIn(filters: readonly EnvoyMessage[], request: Arrived): readonly ServerLimit[] {
  let arrived = request;
  const limits: ServerLimit[] = [];
  for (const filter of filters) {
    switch (typeOf(filter)) {
      case `${http}.header_mutation.v3.HeaderMutation`:
        arrived = afterMutations(arrived, filter);
        break;
      case `${http}.local_ratelimit.v3.LocalRateLimit`:
        limits.push(...rateOf(filter, arrived));
        break;
      case `${http}.lua.v3.Lua`:
        arrived = afterQuotaScript(arrived, filter);
        break;
      case `${http}.rate_limit_quota.v3.RateLimitQuotaFilterConfig`:
        limits.push(...quotaOf(filter, arrived));
        break;
      case `${http}.admission_control.v3.AdmissionControl`:
        limits.push(admissionOf(filter));
        break;
      case `${http}.adaptive_concurrency.v3.AdaptiveConcurrency`:
        limits.push(concurrencyOf(filter));
        break;
      default:
        throw new UnreadableError(`explain does not know the filter ${typeOf(filter)}`);
    }
  }
  return withCosts(limits);
}

function admissionOf(filter: EnvoyMessage): ServerLimit {
  knowingOnly(filter, [
    '@type',
    'success_criteria',
    'sampling_window',
    'sr_threshold',
    'rps_threshold',
    'max_rejection_probability',
  ]);
  knowingOnly(messageIn(filter, 'success_criteria') ?? {}, []);
  return {
    type: 'AdmissionControl',
    minSuccessPercentage: percentIn(filter, 'sr_threshold'),
    windowMs: millisecondsIn(filter, 'sampling_window'),
    minRequestsPerSecond: numberIn(messageIn(filter, 'rps_threshold') ?? {}, 'default_value') ?? 0,
    maxRejectionPercentage: percentIn(filter, 'max_rejection_probability'),
  };
}

/** Of a RuntimePercent. */
function percentIn(message: EnvoyMessage, field: string): number {
  return numberIn(messageIn(messageIn(message, field) ?? {}, 'default_value') ?? {}, 'value') ?? 0;
}

function concurrencyOf(filter: EnvoyMessage): ServerLimit {
  knowingOnly(filter, ['@type', 'gradient_controller_config']);
  const controller = knowingOnly(messageIn(filter, 'gradient_controller_config') ?? {}, [
    'concurrency_limit_params',
    'min_rtt_calc_params',
  ]);
  const limit = messageIn(controller, 'concurrency_limit_params') ?? {};
  const measured = messageIn(controller, 'min_rtt_calc_params') ?? {};
  return {
    type: 'AdaptiveConcurrency',
    maxConcurrency: numberIn(limit, 'max_concurrency_limit') ?? 0,
    minConcurrency: numberIn(measured, 'min_concurrency') ?? 0,
    measurementIntervalMs: millisecondsIn(measured, 'interval'),
    tolerancePercentage: numberIn(messageIn(measured, 'buffer') ?? {}, 'value') ?? 0,
  };
}
