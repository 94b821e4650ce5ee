// Filters of access loggers: which requests and connections a logger is told of.
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { extension } from './typed-config.ts';

/** Lets as many percent pass as the key says; none before it says anything. */
export function runtimeFilter(key: string): EnvoyMessage {
  return { runtime_filter: { runtime_key: key, percent_sampled: { numerator: 0 } } };
}

/** Loggers are asked at other moments, too, where open requests and connections are counted. */
export const atTheEnd: EnvoyMessage = whenLogged('TcpConnectionEnd', 'DownstreamEnd');

/** @see https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage (%ACCESS_LOG_TYPE%) */
export function whenLogged(...types: readonly string[]): EnvoyMessage {
  return { log_type_filter: { types } };
}

export function allOf(...filters: readonly EnvoyMessage[]): EnvoyMessage {
  return { and_filter: { filters } };
}

export function anyOf(...filters: readonly EnvoyMessage[]): EnvoyMessage {
  return { or_filter: { filters } };
}

/** A CEL expression. One that fails, such as for an attribute without a value, matches nothing. */
export function matches(expression: string): EnvoyMessage {
  return {
    extension_filter: extension(
      'envoy.access_loggers.extension_filters.cel',
      'envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter',
      { expression },
    ),
  };
}
