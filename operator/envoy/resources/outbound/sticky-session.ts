// Sessions that stay with their endpoint: a cookie says which one it is, so that it stays the same whoever comes or goes. The filter is in
// every outbound chain and does nothing until a route configures it.
// @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/stateful_session_filter
import type { StickySessionIr } from '../../../ir/destination.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { duration } from '../../proto/well-known.ts';
import { any, extension } from '../typed-config.ts';

const messages = 'envoy.extensions.filters.http.stateful_session.v3';

export const stickySessionFilter = extension(
  'envoy.filters.http.stateful_session',
  `${messages}.StatefulSession`,
);

/** What a route says to it. */
export function routeStickySession({ cookie, ttlMs }: StickySessionIr): EnvoyMessage {
  return any(`${messages}.StatefulSessionPerRoute`, {
    stateful_session: {
      session_state: extension(
        'envoy.http.stateful_session.cookie',
        'envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState',
        { cookie: { name: cookie, path: '/', ttl: duration(ttlMs) } },
      ),
    },
  });
}
