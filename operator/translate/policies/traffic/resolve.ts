// Claims that are in effect at a service port → its routes and subsets. It does not know who wrote them.
import type { LimitsIr } from '../../../ir/inbound.ts';
import type { Origin } from '../../../ir/origin.ts';
import type { HashOnIr } from '../../../ir/destination.ts';
import type { BackendIr, ForwardIr, RouteIr, RoutesIr } from '../../../ir/route.ts';
import type { SubsetIr } from '../../../ir/service.ts';
import { matchesLabels } from '../../../values/labels.ts';
import type { FoundEndpoint } from '../../facts/endpoints.ts';
import { mergeOrigins } from '../../facts/origins.ts';
import { byText } from '../../../values/compare-text.ts';
import { isSameValue } from '../../../values/same-value.ts';
import { readSettings, type Settings, type SettingsReader } from '../setting.ts';
import { type Audiences, conditionsOf, matchesOf, nothingHolds } from './audiences.ts';
import type { CallersClaim, RouteClaim, RoutingClaim } from './claims.ts';
import { isUnresolved, type Referable, type Referrer, resolveReference, subsetName } from './references.ts';
import { resolveRetry } from './retries.ts';
import type { PortSettings } from './settings.ts';

/** What is in effect at a service port, for some callers. */
export interface Effect {
  /** null: nobody says anything about routes. consumer: whose policy it is, by namespace; null: one for all callers. */
  readonly routing: {
    readonly value: RoutingClaim;
    readonly origin: Origin;
    readonly consumer: string | null;
  } | null;
  readonly settings: Settings<PortSettings>;
}

/** For all callers but consumers. */
export interface PortTraffic extends Effect {
  /** null: nobody says anything about them. They hold for consumers, too. */
  readonly limits: LimitsIr | null;
  /** For callers in namespaces with consumer policies. Sorted by namespace. */
  readonly consumers: readonly (Effect & { readonly namespace: string; readonly callers: CallersClaim })[];
}

/** What is in effect for callers for whom these conditions hold. */
export function effectFor(traffic: PortTraffic, holds: ReadonlySet<string>): Effect {
  return traffic.consumers.find(({ callers }) => holds.has(callers.key)) ?? traffic;
}

/** A service port that routes are for. */
export interface RoutedPort {
  readonly key: string;
  readonly origin: Origin;
  readonly headless: boolean;
  /** What routes may lead to besides. */
  readonly referable: Referable;
}

/** For requests that no other route matches: to the whole service, as without a policy. */
const unmatched: RouteClaim = {
  name: 'default',
  matches: 'any',
  answer: null,
  rewrite: null,
  mirrors: [],
  backends: [],
  settings: {},
  requestHeaders: null,
  responseHeaders: null,
  fault: null,
  cors: null,
  upgrades: null,
};

/** Of an HTTP port. */
export function resolveRoutes(port: RoutedPort, traffic: PortTraffic, audiences: Audiences): RoutesIr {
  const everybody = resolveRoutesFor(port, traffic, nothingHolds);
  const byAudience = audiences.present.flatMap(([audience, holds]) => {
    const effect = effectFor(traffic, holds);
    const asked = conditionsOf(effect.routing?.value.routes ?? []);
    if (effect === traffic && !asked.some(({ key }) => holds.has(key))) return [];
    const routes = resolveRoutesFor(port, effect, holds);
    return effect !== traffic && isSameValue(routes, everybody) ? [] : [{ audience, routes }];
  });
  return { default: everybody, byAudience };
}

/** For callers for whom these conditions hold. The last route matches everything. */
function resolveRoutesFor(port: RoutedPort, traffic: Effect, holds: ReadonlySet<string>): readonly RouteIr[] {
  const claimed = traffic.routing?.value.routes ?? [];
  const theirs = uniquelyNamed([...claimed, unmatched]).flatMap((route) => {
    const matches = matchesOf(route, holds);
    return matches === null ? [] : [{ ...route, matches }];
  });
  const isComplete = theirs.at(-2)?.matches === 'any';
  return (isComplete ? theirs.slice(0, -1) : theirs).map((route) => resolveRoute(route, port, traffic));
}

/** A route of some callers. */
type TheirRoute = Omit<RouteClaim, 'matches'> & Pick<RouteIr, 'matches'>;

function resolveRoute(route: TheirRoute, port: RoutedPort, { routing, settings }: Effect): RouteIr {
  const author = routing?.origin ?? null;
  const reader = readSettings<PortSettings>(
    author === null ? null : { values: route.settings, origin: author },
    settings,
  );
  const { name, matches, requestHeaders, responseHeaders, fault, cors, upgrades, answer } = route;
  return {
    name,
    matches,
    requestHeaders,
    responseHeaders,
    fault,
    cors,
    upgrades,
    action: answer ?? forward(route, port, routing),
    timeoutMs: reader.read('timeout.request'),
    idleTimeoutMs: reader.read('timeout.idle'),
    streamTimeoutMs: reader.read('timeout.stream'),
    retry: resolveRetry(reader, settings),
    hashOn: resolveHashOn(reader, settings),
    // Whoever is addressed by address is not chosen.
    stickySession: port.headless ? null : resolveStickySession(reader, settings),
    setBy: { ...(author !== null && { routes: author }), ...reader.setBy() },
    origins: mergeOrigins([port.origin], author === null ? [] : [author], reader.origins()),
  };
}

function forward(
  route: Pick<RouteClaim, 'name' | 'backends' | 'rewrite' | 'mirrors'>,
  port: RoutedPort,
  routing: Effect['routing'],
): ForwardIr {
  if (routing === null) return { type: 'Forward', backends: [everything(port)], rewrite: null, mirrors: [] };
  const mirrors = route.mirrors.flatMap(({ percentage, ...reference }) => {
    const found = resolveReference(reference, referrerOf(port, routing), port.referable);
    return isUnresolved(found) ? [] : [{ ...found, percentage }];
  });
  const { rewrite } = route;
  return { type: 'Forward', backends: resolveBackends(route, port, routing), rewrite, mirrors };
}

function referrerOf({ key }: RoutedPort, { value, consumer }: NonNullable<Effect['routing']>): Referrer {
  return { own: key, routing: value, consumer };
}

function everything({ key }: RoutedPort): BackendIr {
  return { service: key, subset: null, weight: 1 };
}

function resolveStickySession(
  reader: SettingsReader<PortSettings>,
  { loadBalancer }: Settings<PortSettings>,
): RouteIr['stickySession'] {
  const sticks = (loadBalancer.value?.stickySession ?? null) !== null;
  return sticks ? (reader.read('loadBalancer')?.stickySession ?? null) : null;
}

/** Whoever chose to hash nothing is no origin of routes. */
function resolveHashOn(
  reader: SettingsReader<PortSettings>,
  { loadBalancer }: Settings<PortSettings>,
): readonly HashOnIr[] {
  const hashes = (loadBalancer.value?.hashOn ?? []).length > 0;
  return hashes ? (reader.read('loadBalancer')?.hashOn ?? []) : [];
}

/** One entry for each set of endpoints, in the order of their first mention; those of weight 0 are left out. */
export function resolveBackends(
  route: Pick<RouteClaim, 'name' | 'backends'>,
  port: RoutedPort,
  routing: NonNullable<Effect['routing']>,
): readonly BackendIr[] {
  if (route.backends.length === 0) return [everything(port)];
  const title = `${routing.value.title}, route ${route.name}`;
  const backends = new Map<string, BackendIr>();
  for (const { weight, ...reference } of route.backends) {
    if (weight === 0) continue;
    const found = resolveReference(reference, referrerOf(port, routing), port.referable);
    const key = JSON.stringify(found);
    const sum = weight + (backends.get(key)?.weight ?? 0);
    const backend = isUnresolved(found) ? { invalid: `${title}: ${found.fact}` } : found;
    backends.set(key, { ...backend, weight: sum });
  }
  if (backends.size === 0) return [{ invalid: `${title}: every backend has weight 0.`, weight: 1 }];
  return [...backends.values()];
}

/** Sorted by name. An endpoint whose workload is unknown has no labels. */
export function resolveSubsets(
  port: RoutedPort,
  { routing }: Effect,
  found: readonly FoundEndpoint[],
): readonly SubsetIr[] {
  if (routing === null) return [];
  const origins = mergeOrigins([port.origin], [routing.origin]);
  const subsets = routing.value.subsets.map(({ name, matchLabels }) => {
    const members = found.filter(({ workload }) => matchesLabels(matchLabels, workload?.labels ?? {}));
    return {
      name: subsetName(name, routing.consumer),
      endpoints: members.map(({ endpoint }) => endpoint),
      origins,
    };
  });
  return subsets.toSorted(byText(({ name }) => name));
}

/** A name used twice gets its index. */
function uniquelyNamed(routes: readonly RouteClaim[]): readonly RouteClaim[] {
  const seen = new Set<string>();
  return routes.map((route, index) => {
    const name = seen.has(route.name) ? `${route.name}#${index}` : route.name;
    seen.add(name);
    return name === route.name ? route : { ...route, name };
  });
}
