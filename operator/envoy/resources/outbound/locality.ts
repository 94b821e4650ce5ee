// Which endpoints callers in a zone use before which: Envoy's priorities, and within one of them weights of localities.
// @see https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/priority
import type { LocalityIr } from '../../../ir/destination.ts';
import type { EndpointIr } from '../../../ir/service.ts';
import { byText } from '../../../values/compare-text.ts';

export interface LocalityGroup {
  /** 0 is used first; none is left out. */
  readonly priority: number;
  /** null: of any zone, or none. */
  readonly zone: string | null;
  /** Of the groups of its priority; null: endpoints alike. */
  readonly weight: number | null;
  /** At least one. */
  readonly endpoints: readonly EndpointIr[];
}

/** Of a priority. */
type Rank = readonly Omit<LocalityGroup, 'priority'>[];

/** zone: of the callers; null: not known. */
export function localityGroups(
  locality: LocalityIr | null,
  zone: string | null,
  endpoints: readonly EndpointIr[],
): readonly LocalityGroup[] {
  const ranks = locality === null ? [[allOf(endpoints)]] : ranksOf(locality, zone, endpoints);
  return ranks
    .map((rank) => rank.filter((group) => group.endpoints.length > 0))
    .filter((rank) => rank.length > 0)
    .flatMap((rank, priority) => rank.map((group) => ({ ...group, priority })));
}

/** Draining ones are last: where they are a part of their zone, it would count as partly unhealthy during each rolling update. */
function ranksOf(
  locality: LocalityIr,
  zone: string | null,
  endpoints: readonly EndpointIr[],
): readonly Rank[] {
  const healthy = endpoints.filter(({ health }) => health === 'Healthy');
  const draining = endpoints.filter(({ health }) => health === 'Draining');
  switch (locality.type) {
    case 'Failover':
      return [...failover(locality.order, zone, healthy), [allOf(draining)]];
    case 'Weighted':
      return [...weighted(locality.shares, zone, healthy), [allOf(draining, 1)]];
  }
}

type Order = Extract<LocalityIr, { readonly type: 'Failover' }>['order'];
type Shares = Extract<LocalityIr, { readonly type: 'Weighted' }>['shares'];

function failover(order: Order, zone: string | null, endpoints: readonly EndpointIr[]): readonly Rank[] {
  if (zone === null) return [[allOf(endpoints)]];
  const zones = [...new Set([zone, ...(entryFor(order, zone)?.to ?? [])])];
  return [
    ...zones.map((one) => [{ zone: one, weight: null, endpoints: inZone(endpoints, one) }]),
    ofOthers(endpoints, zones, null),
  ];
}

/** Where localities have weights, one without gets nothing. */
function weighted(shares: Shares, zone: string | null, endpoints: readonly EndpointIr[]): readonly Rank[] {
  const entry = entryFor(shares, zone);
  if (entry === undefined) return [[allOf(endpoints, 1)]];
  const zones = entry.to.map((share) => share.zone);
  return [
    entry.to.map((share) => ({ ...share, endpoints: inZone(endpoints, share.zone) })),
    [
      allOf(
        endpoints.filter((endpoint) => !isIn(endpoint, zones)),
        1,
      ),
    ],
  ];
}

function entryFor<T extends { readonly from: string | null }>(
  entries: readonly T[],
  zone: string | null,
): T | undefined {
  return (
    (zone === null ? undefined : entries.find(({ from }) => from === zone)) ??
    entries.find(({ from }) => from === null)
  );
}

/** A group for each zone, so that it is known who is where. */
function ofOthers(endpoints: readonly EndpointIr[], zones: readonly string[], weight: number | null): Rank {
  const others = endpoints.filter((endpoint) => !isIn(endpoint, zones));
  const names = [...new Set(others.map((endpoint) => endpoint.zone))].toSorted(byText((name) => name ?? ''));
  return names.map((name) => ({
    zone: name,
    weight,
    endpoints: others.filter((endpoint) => endpoint.zone === name),
  }));
}

function allOf(endpoints: readonly EndpointIr[], weight: number | null = null): Rank[number] {
  return { zone: null, weight, endpoints };
}

function inZone(endpoints: readonly EndpointIr[], zone: string): readonly EndpointIr[] {
  return endpoints.filter((endpoint) => endpoint.zone === zone);
}

function isIn({ zone }: EndpointIr, zones: readonly string[]): boolean {
  return zone !== null && zones.includes(zone);
}
