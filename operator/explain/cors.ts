// What a browser is told about a route that pages of other origins may use.
// @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/cors_filter
import type { EnvoyMessage } from '../envoy/proto/envoy-message.ts';
import { type CallRequest, headerOf } from './call.ts';
import type { Cors } from './explanation.ts';
import { isMessage, knowingOnly, messageIn, messagesIn, typeOf } from './fields.ts';
import { matchesText } from './matchers.ts';

const corsType = 'envoy.extensions.filters.http.cors.v3.CorsPolicy';

const known = [
  '@type',
  'allow_origin_string_match',
  'allow_methods',
  'allow_headers',
  'expose_headers',
  'max_age',
  'allow_credentials',
  'forward_not_matching_preflights',
] as const;

/** Null: nobody asks, or the route says nothing about it. */
export function corsOf(route: EnvoyMessage, request: CallRequest): Cors | null {
  const configs = Object.values(messageIn(route, 'typed_per_filter_config') ?? {});
  const policy = configs.filter(isMessage).find((config) => typeOf(config) === corsType);
  const origin = headerOf(request, 'origin');
  if (policy === undefined || origin === null || origin === '') return null;
  const origins = messagesIn(knowingOnly(policy, known), 'allow_origin_string_match');
  const isPreflight =
    request.method === 'OPTIONS' && (headerOf(request, 'access-control-request-method') ?? '') !== '';
  return {
    origin,
    isAllowed: origins.some((matcher) => matchesText(matcher, '*') || matchesText(matcher, origin)),
    isPreflight,
  };
}
