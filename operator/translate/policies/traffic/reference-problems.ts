// References of routes that do not resolve, as sentences for whoever wrote them.
import { rememberEach } from '../../../values/remember.ts';
import { isSameValue } from '../../../values/same-value.ts';
import { listed, type Problem } from '../../facts/verdicts.ts';
import type { BackendClaim, RoutingClaim } from './claims.ts';
import {
  isUnresolved,
  namedReferences,
  type Referable,
  resolveReference,
  type Unresolved,
} from './references.ts';

const none: readonly Problem[] = [];
const last = new WeakMap<RoutingClaim, readonly Problem[]>();

/** One for each fact, with the routes it concerns. The same list as before while it says the same. */
export function unresolvedReferences(routing: RoutingClaim | null, referable: Referable): readonly Problem[] {
  if (routing === null) return none;
  if (namedReferences(routing.routes).length === 0) return unresolvedSubsets(routing);
  const found = findUnresolved(routing, referable);
  const known = last.get(routing);
  if (known !== undefined && isSameValue(known, found)) return known;
  last.set(routing, found);
  return found;
}

/** Of a policy that refers to no other Service, whatever else there is. */
const unresolvedSubsets = rememberEach((routing: RoutingClaim) => findUnresolved(routing, nothing));
const nothing: Referable = { services: new Map(), grants: new Map(), traffic: new Map() };

function findUnresolved(routing: RoutingClaim, referable: Referable): readonly Problem[] {
  const problem = problemFinder(routing, referable);
  return [
    ...problems(routing.routes, ({ backends }) => backends.flatMap(problem), shareIsLost),
    ...problems(routing.routes, ({ mirrors }) => mirrors.flatMap(problem), nothingIsCopied),
    ...problems(routing.connectionRoutes, ({ backends }) => backends.flatMap(problem), shareIsClosed),
  ];
}

type Reference = Pick<BackendClaim, 'service' | 'subset'>;

function problemFinder(
  routing: RoutingClaim,
  referable: Referable,
): (reference: Reference) => readonly Unresolved[] {
  return ({ service, subset }) => {
    // It does not matter for which service port the route is.
    const found = resolveReference({ service, subset }, '', routing, referable);
    return isUnresolved(found) ? [found] : [];
  };
}

function problems<R extends { readonly name: string }>(
  routes: readonly R[],
  unresolvedIn: (route: R) => readonly Unresolved[],
  effect: (routes: string) => string,
): readonly Problem[] {
  const found = new Map<string, { readonly problem: Unresolved; readonly names: Set<string> }>();
  for (const route of routes) {
    for (const problem of unresolvedIn(route)) {
      const known = found.get(problem.fact) ?? { problem, names: new Set<string>() };
      known.names.add(route.name);
      found.set(problem.fact, known);
    }
  }
  return [...found.values()].map(({ problem: { reason, fact, advice }, names }) => {
    return { reason, message: `${fact} ${effect(listed([...names]))} ${advice}` };
  });
}

function shareIsLost(routes: string): string {
  return `Its share of the requests of route ${routes} gets a 503.`;
}

function shareIsClosed(routes: string): string {
  return `Its share of the connections of ${routes} is closed.`;
}

function nothingIsCopied(routes: string): string {
  return `Route ${routes} sends no copies there.`;
}
