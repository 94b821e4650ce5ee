// The front end of TrafficPolicy: what one says, as neutral claims.
import { durationMs } from '../../../../api/duration.ts';
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import type { FaultIr, HeaderIr, HeaderModifierIr, RouteIr, RouteMatchIr } from '../../../ir/service.ts';
import { byText, compareText } from '../../../values/compare-text.ts';
import { translatePath } from '../path-match.ts';
import type { RouteClaim, RoutingClaim, SubsetClaim, TrafficClaims } from './claims.ts';
import { portSettingsOf, routeSettingsOf } from './settings.ts';

type Route = TrafficPolicy['spec']['routes'][number];

const claims = new WeakMap<TrafficPolicy, TrafficClaims>();

/** The same value for the same object. */
export function claimsOf(policy: TrafficPolicy): TrafficClaims {
  const known = claims.get(policy);
  if (known !== undefined) return known;
  const made = { routing: routingOf(policy), settings: portSettingsOf(policy.spec) };
  claims.set(policy, made);
  return made;
}

function routingOf(policy: TrafficPolicy): RoutingClaim | null {
  const { routes, subsets } = policy.spec;
  if (routes.length === 0 && subsets.length === 0) return null;
  return {
    title: `TrafficPolicy ${policy.metadata.namespace ?? ''}/${policy.metadata.name}`,
    routes: routes.map((route, index) => routeOf(route, `${policy.metadata.name}-${index}`)),
    subsets: subsetsOf(policy),
  };
}

/** Of two of the same name the first counts. */
function subsetsOf({ spec }: TrafficPolicy): readonly SubsetClaim[] {
  const subsets = new Map<string, SubsetClaim>();
  for (const { name, matchLabels } of spec.subsets) {
    if (!subsets.has(name)) subsets.set(name, { name, matchLabels });
  }
  return [...subsets.values()];
}

function routeOf(route: Route, defaultName: string): RouteClaim {
  return {
    name: route.name ?? defaultName,
    matches: matchesOf(route),
    backends: route.backends.map(({ subset = null, weight }) => ({ subset, weight })),
    settings: routeSettingsOf(route),
    requestHeaders: headersOf(route.requestHeaders),
    responseHeaders: headersOf(route.responseHeaders),
    fault: faultOf(route),
  };
}

function matchesOf(route: Route): RouteIr['matches'] {
  const matches = route.matches.map(({ path, method, headers }) => ({
    path: path === undefined ? null : translatePath(path),
    method: method ?? null,
    headers: headers.map(({ name, type, value }) => ({ name, type, value })),
  }));
  return matches.length === 0 || matches.some(matchesEverything) ? 'any' : matches;
}

function matchesEverything({ path, method, headers }: RouteMatchIr): boolean {
  const isAnyPath = path === null || (path.type === 'PathPrefix' && path.value === '/');
  return isAnyPath && method === null && headers.length === 0;
}

function headersOf(modifier: Route['requestHeaders']): HeaderModifierIr | null {
  if (modifier === undefined) return null;
  const { set, add, remove } = modifier;
  return {
    set: headerList(set),
    add: headerList(add),
    remove: remove.map((name) => name.toLowerCase()).toSorted(compareText),
  };
}

function headerList(headers: readonly HeaderIr[]): readonly HeaderIr[] {
  return headers
    .map(({ name, value }) => ({ name: name.toLowerCase(), value }))
    .toSorted(byText(({ name }) => name));
}

function faultOf({ fault }: Route): FaultIr | null {
  if (fault?.delay === undefined && fault?.abort === undefined) return null;
  const { delay, abort } = fault;
  return {
    delay:
      delay === undefined ? null : { durationMs: durationMs(delay.duration), percentage: delay.percentage },
    abort: abort === undefined ? null : { status: abort.status, percentage: abort.percentage },
  };
}
