// Routes of an HTTP service port: those of the policy in force, in its order, then one to the whole service for all
// that none of them matches.
import { durationMs } from '../../../../api/duration.ts';
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import type { Origin } from '../../../ir/origin.ts';
import type {
  BackendIr,
  FaultIr,
  RetryIr,
  RouteActionIr,
  RouteIr,
  RouteMatchIr,
} from '../../../ir/service.ts';
import { byText } from '../../facts/precedence.ts';
import { mergeOrigins, originOf } from '../../facts/origins.ts';
import { translatePath } from '../path-match.ts';

export type Route = TrafficPolicy['spec']['routes'][number];

/** Where a route does not say otherwise: only what never reached the application, so that any method may be retried. */
const defaultRetry: RetryIr = {
  attempts: 2,
  perTryTimeoutMs: 0,
  on: ['ConnectFailure', 'RefusedStream'],
};

const wholeService: BackendIr = { subset: null, weight: 1 };

type UnsignedRoute = Omit<RouteIr, 'origins'>;

const unmatched: UnsignedRoute = {
  name: 'default',
  matches: 'any',
  action: forward([wholeService]),
  timeoutMs: 0,
  retry: defaultRetry,
  fault: null,
};

/** policy: the one in force, if any. */
export function translateRoutes(policy: TrafficPolicy | undefined, service: Origin): readonly RouteIr[] {
  const origins = mergeOrigins(policy === undefined ? [service] : [originOf(policy), service]);
  const routes = policy?.spec.routes.map((route, index) => translateRoute(policy, route, index)) ?? [];
  const isComplete = routes.at(-1)?.matches === 'any';
  return uniquelyNamed(isComplete ? routes : [...routes, unmatched]).map((route) =>
    Object.assign(route, { origins }),
  );
}

/** `reviews-0` where the route has no name. */
export function routeName(policy: TrafficPolicy, route: Route, index: number): string {
  return route.name ?? `${policy.metadata.name}-${index}`;
}

function translateRoute(policy: TrafficPolicy, route: Route, index: number): UnsignedRoute {
  return {
    name: routeName(policy, route, index),
    matches: translateMatches(route),
    action: translateAction(policy, route, index),
    timeoutMs: route.timeout === undefined ? 0 : durationMs(route.timeout),
    retry: translateRetry(route.retry),
    fault: translateFault(route.fault),
  };
}

function translateMatches(route: Route): RouteIr['matches'] {
  const matches = route.matches.map((match) => ({
    path: match.path === undefined ? null : translatePath(match.path),
    method: match.method ?? null,
    headers: match.headers,
  }));
  return matches.length === 0 || matches.some(matchesEverything) ? 'any' : matches.map(copyMatch);
}

function matchesEverything({ path, method, headers }: RouteMatchIr): boolean {
  return (
    method === null &&
    headers.length === 0 &&
    (path === null || (path.type === 'PathPrefix' && path.value === '/'))
  );
}

function copyMatch({ path, method, headers }: RouteMatchIr): RouteMatchIr {
  return {
    path,
    method,
    headers: headers.map(({ name, type, value }) => ({ name, type, value })),
  };
}

/**
 * Backends of weight 0 are left out, and so are those whose subset is not declared (ResolvedRefs says so); the others
 * share the traffic by their weights. If none is left the route answers 503: it must not fall to the whole service.
 */
function translateAction(policy: TrafficPolicy, route: Route, index: number): RouteActionIr {
  if (route.backends.length === 0) return forward([wholeService]);
  const weighted = route.backends.filter(({ weight }) => weight > 0);
  const declared = new Set(policy.spec.subsets.map(({ name }) => name));
  const usable = weighted.filter(({ subset }) => subset === undefined || declared.has(subset));
  if (usable.length > 0) return forward(mergedBackends(usable));

  const title = `TrafficPolicy ${policy.metadata.namespace ?? ''}/${policy.metadata.name}, route ${routeName(policy, route, index)}`;
  const undeclared = [...new Set(weighted.flatMap(({ subset }) => subset ?? []))].toSorted(
    byText((name) => name),
  );
  const why =
    undeclared.length === 0
      ? 'every backend has weight 0'
      : `subset ${undeclared.join(', ')} is not declared`;
  return { type: 'Fail', status: 503, body: `${title}: ${why}.` };
}

function forward(backends: readonly BackendIr[]): RouteActionIr {
  return { type: 'Forward', backends };
}

/** One entry for each subset, in the order of their first mention. */
function mergedBackends(backends: Route['backends']): readonly BackendIr[] {
  const weights = new Map<string | null, number>();
  for (const { subset = null, weight } of backends) weights.set(subset, (weights.get(subset) ?? 0) + weight);
  return [...weights].map(([subset, weight]) => ({ subset, weight }));
}

function translateRetry(retry: Route['retry']): RetryIr {
  if (retry === undefined) return defaultRetry;
  if (retry.attempts === 0) return { attempts: 0, perTryTimeoutMs: 0, on: [] };
  return {
    attempts: retry.attempts,
    perTryTimeoutMs: retry.perTryTimeout === undefined ? 0 : durationMs(retry.perTryTimeout),
    on: [...new Set(retry.retryOn)].toSorted(byText((condition) => condition)),
  };
}

function translateFault(fault: Route['fault']): FaultIr | null {
  if (fault?.delay === undefined && fault?.abort === undefined) return null;
  const { delay, abort } = fault;
  return {
    delay:
      delay === undefined ? null : { durationMs: durationMs(delay.duration), percentage: delay.percentage },
    abort: abort === undefined ? null : { status: abort.status, percentage: abort.percentage },
  };
}

/** A name used twice gets its index. */
function uniquelyNamed(routes: readonly UnsignedRoute[]): UnsignedRoute[] {
  const seen = new Set<string>();
  return routes.map((route, index) => {
    const name = seen.has(route.name) ? `${route.name}#${index}` : route.name;
    seen.add(name);
    return Object.assign({}, route, { name });
  });
}
