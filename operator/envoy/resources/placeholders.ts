// Filters that stand in every connection manager and do nothing. A filter that is added to a connection manager later comes with
// the listener, and connections that exist never see it: they keep the filters they began with until they are drained. What stands
// there from the start is switched on by ECDS or by a route, and holds from the next request on.
import type { Direction } from './vantage.ts';
import { any, extension, type NamedExtension, overAds } from './typed-config.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';

const http = 'envoy.extensions.filters.http';
const chainType = 'filter_chain.v3.FilterChainConfig';
const emptyChain = any(`${http}.${chainType}`);

/** A filter whose configuration comes by ECDS, under the filter's name. */
export interface DiscoveredFilter {
  readonly filter: NamedExtension;
  /** The resource that does nothing: what the listener says, too, for as long as the server does not answer. */
  readonly empty: EnvoyMessage;
}

/**
 * For what remembers (buckets, keys that were fetched, sessions): routes are built anew with every push of their table and would
 * forget. Requests wait for nothing: without an answer the empty configuration is in force.
 */
function discovered(
  name: string,
  empty: EnvoyMessage,
  types: readonly [own: string, ...others: string[]],
): DiscoveredFilter {
  return {
    filter: {
      name,
      config_discovery: {
        config_source: overAds,
        type_urls: types.map((type) => `type.googleapis.com/${http}.${type}`),
        default_config: empty,
        apply_default_config_without_warming: true,
      },
    },
    empty: { name, typed_config: empty },
  };
}

/** For a login that would come apart from rules: so far all come with the virtual host, see decision 063. OAuth2 has no empty configuration, an empty chain of filters is as good. */
export function login(direction: Direction): DiscoveredFilter {
  return discovered(`${direction}/oauth2`, emptyChain, [chainType, 'oauth2.v3.OAuth2']);
}

/** Tokens: the providers and their keys by ECDS, what is required by the route. A requirement that is not known here is refused. */
export function jwtAuthn(direction: Direction): DiscoveredFilter {
  const type = 'jwt_authn.v3.JwtAuthentication';
  return discovered(`${direction}/jwt_authn`, any(`${http}.${type}`), [type]);
}

/** Limits of what goes out: the buckets by ECDS, what fills and empties them by the route. */
export function outboundRateLimit(): DiscoveredFilter {
  const type = 'local_ratelimit.v3.LocalRateLimit';
  const empty = any(`${http}.${type}`, { stat_prefix: 'outbound_limits' });
  return discovered('outbound/local_ratelimit', empty, [type]);
}

/** Whatever an application is to be spared at a port: a chain of filters by ECDS, which remember; a route enables it. */
export function limitsOf(label: string): DiscoveredFilter {
  return discovered(`inbound/${label}/limits`, emptyChain, [chainType]);
}

/** What a route says to enable a filter whose configuration comes by ECDS: there, and empty. */
export const enabled: EnvoyMessage = any('envoy.config.route.v3.FilterConfig', { config: { '@type': '' } });

/** Rules: of the route. The names differ, since each has a route's rules of its own. */
export function rbacFilter(kind: 'deny' | 'allow' | 'audit_deny' | 'audit_allow' | 'shadow'): NamedExtension {
  return extension(`envoy.filters.http.rbac.${kind}`, `${http}.rbac.v3.RBAC`);
}

type Position = 'before_rbac' | 'external_authorization' | 'after_rbac';

/** Where routes put filters of their own; those must remember nothing. */
export function chainOfRoute(position: Position): NamedExtension {
  return { name: `envoy.filters.http.filter_chain.${position}`, typed_config: emptyChain };
}

/** What a route says to such a place: these filters, in order. */
export function filtersOfRoute(position: Position, filters: readonly NamedExtension[]): EnvoyMessage {
  return { [chainOfRoute(position).name]: chainConfig(filters) };
}

/** The same as the configuration for such a place. */
export function chainConfig(filters: readonly NamedExtension[]): EnvoyMessage {
  return any(`${http}.filter_chain.v3.FilterChainConfigPerRoute`, { filter_chain: { filters } });
}

/** Requests are passed on when they are complete, and refused with 413 when their body is larger. */
export function wholeRequests(maxBodyBytes: number): NamedExtension {
  return extension('envoy.filters.http.buffer', `${http}.buffer.v3.Buffer`, {
    max_request_bytes: maxBodyBytes,
  });
}
