// The HTTP filters of a direction, as one list: its order is the order in which they see requests, and what a route says to each
// of them stands beside the filter. Knows no particular filter.
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import type { NamedExtension } from './typed-config.ts';

/** @typeParam Route what a route is made from */
export interface HttpFilter<Route> {
  /** As every connection manager of the direction has it, but for `disabled`. */
  readonly filter: NamedExtension;
  /** The configuration that a route brings for it; null: none. Absent: no route brings any yet. */
  readonly forRoute?: (route: Route) => EnvoyMessage | null;
  /** Clusters that this configuration sends traffic to. Default: none. */
  readonly clusters?: (route: Route) => readonly string[];
}

/**
 * As connection managers have them: disabled, so that a request pays for none but those that its route has a configuration for;
 * that configuration enables them. Which ones see a request is decided once, by the route that is found first: no filter
 * may have the route chosen again.
 */
export function disabledFilters<Route>(filters: readonly HttpFilter<Route>[]): readonly EnvoyMessage[] {
  return filters.map(({ filter }) => ({ ...filter, disabled: true }));
}

/** What a route says to all filters: empty where it says nothing. */
export function perFilterConfig<Route>(filters: readonly HttpFilter<Route>[], route: Route): EnvoyMessage {
  const said = filters.flatMap(({ filter, forRoute }) => {
    const config = forRoute?.(route) ?? null;
    return config === null ? [] : [[filter.name, config] as const];
  });
  return said.length === 0 ? {} : { typed_per_filter_config: Object.fromEntries(said) };
}

/** The clusters that the filters use for a route, beside those it forwards to. */
export function filterClusters<Route>(
  filters: readonly HttpFilter<Route>[],
  route: Route,
): readonly string[] {
  return filters.flatMap(({ clusters }) => clusters?.(route) ?? []);
}
