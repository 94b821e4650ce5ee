// The HTTP filters of a direction, as one list: its order is the order in which they see requests, and what a route says to each
// of them stands beside the filter. Knows no particular filter.
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { any, type NamedExtension } from './typed-config.ts';

/**
 * @typeParam Route what a route is made from
 * @typeParam Host what a virtual host is made from
 */
export interface HttpFilter<Route, Host = unknown> {
  /** As every connection manager of the direction has it, but for `disabled`. */
  readonly filter: NamedExtension;
  /** The configuration that a route brings for it; null: none. Absent: no route brings any yet. */
  readonly forRoute?: (route: Route) => EnvoyMessage | null;
  /** The configuration that a virtual host brings for all of its routes; null: none. Absent: no virtual host brings any yet. */
  readonly forHost?: (host: Host) => EnvoyMessage | null;
  /** Clusters that this configuration sends traffic to. Default: none. */
  readonly clusters?: (route: Route) => readonly string[];
}

/**
 * As connection managers have them: disabled, so that a request pays for none but those that its route has a configuration for;
 * that configuration enables them. Which ones see a request is decided once, by the route that is found first: no filter
 * may have the route chosen again.
 */
export function disabledFilters<Route>(
  filters: readonly HttpFilter<Route, never>[],
): readonly EnvoyMessage[] {
  return filters.map(({ filter }) => ({ ...filter, disabled: true }));
}

/** What a route says to all filters: empty where it says nothing. */
export function routeConfig<Route>(filters: readonly HttpFilter<Route, never>[], route: Route): EnvoyMessage {
  return perFilter(filters.map(({ filter, forRoute }) => [filter.name, forRoute?.(route) ?? null]));
}

/** What a virtual host says to all filters: empty where it says nothing. */
export function hostConfig<Host>(filters: readonly HttpFilter<never, Host>[], host: Host): EnvoyMessage {
  return perFilter(filters.map(({ filter, forHost }) => [filter.name, forHost?.(host) ?? null]));
}

/** By filter, for a route that passes by all that its virtual host says: to be put into its typed_per_filter_config. */
export function withoutHostConfig<Host>(
  filters: readonly HttpFilter<never, Host>[],
  host: Host,
): EnvoyMessage {
  const off = any('envoy.config.route.v3.FilterConfig', { disabled: true });
  const said = filters.filter(({ forHost }) => (forHost?.(host) ?? null) !== null);
  return Object.fromEntries(said.map(({ filter }) => [filter.name, off]));
}

function perFilter(configs: readonly (readonly [string, EnvoyMessage | null])[]): EnvoyMessage {
  const said = configs.filter(([, config]) => config !== null);
  return said.length === 0 ? {} : { typed_per_filter_config: Object.fromEntries(said) };
}

/** The clusters that the filters use for a route, beside those it forwards to. */
export function filterClusters<Route>(
  filters: readonly HttpFilter<Route, never>[],
  route: Route,
): readonly string[] {
  return filters.flatMap(({ clusters }) => clusters?.(route) ?? []);
}
