// Which pages of other origins may use a route from browsers. The filter is in every outbound chain and does nothing until a route configures it.
import type { CorsIr } from '../../../ir/cors.ts';
import type { HeaderIr, RouteMatchIr, ValueMatchIr } from '../../../ir/route.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { any, extension } from '../typed-config.ts';

export const corsFilter = extension('envoy.filters.http.cors', 'envoy.extensions.filters.http.cors.v3.Cors');

/**
 * Of responses: a cache must not show a page what was said to one of another origin. Envoy does not write it.
 * @see https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches
 */
export const variesByOrigin: HeaderIr = { name: 'vary', value: 'Origin' };

/** What a route says to it. */
export function routeCors(cors: CorsIr): EnvoyMessage {
  const { allowMethods, allowHeaders, exposeHeaders, maxAgeMs } = cors;
  return any('envoy.extensions.filters.http.cors.v3.CorsPolicy', {
    allow_origin_string_match: cors.allowOrigins.map(({ type, value }) =>
      type === 'Exact' ? { exact: value } : { safe_regex: { regex: value } },
    ),
    ...(allowMethods.length > 0 && { allow_methods: allowMethods.join(',') }),
    ...(allowHeaders.length > 0 && { allow_headers: allowHeaders.join(',') }),
    ...(exposeHeaders.length > 0 && { expose_headers: exposeHeaders.join(',') }),
    ...(maxAgeMs !== null && { max_age: String(Math.floor(maxAgeMs / 1_000)) }),
    allow_credentials: cors.allowCredentials,
    // Who may not has nothing to ask the application.
    forward_not_matching_preflights: false,
  });
}

/**
 * The questions of browsers whether they may send what the match is for: OPTIONS, whatever the method will be. null: the match takes them by itself.
 * @see https://fetch.spec.whatwg.org/#cors-preflight-request
 */
export function preflightMatch(match: RouteMatchIr): RouteMatchIr | null {
  if (match.method === null || match.method === 'OPTIONS') return null;
  const method = match.method;
  return { ...match, method: 'OPTIONS', headers: [...match.headers, present('origin'), asked(method)] };
}

function present(name: string): ValueMatchIr {
  return { name, type: 'Present', value: '', not: false };
}

function asked(value: string): ValueMatchIr {
  return { name: 'access-control-request-method', type: 'Exact', value, not: false };
}
