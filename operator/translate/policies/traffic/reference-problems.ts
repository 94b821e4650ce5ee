// References of routes that do not resolve, as sentences for whoever wrote them.
import { rememberEach } from '../../../values/remember.ts';
import { reason } from '../../../conditions/conditions.ts';
import { isSameValue } from '../../../values/same-value.ts';
import { listed, type Problem } from '../../facts/verdicts.ts';
import type { Unresolved } from '../service-reference.ts';
import type { BackendClaim, RoutingClaim } from './claims.ts';
import {
  declaredName,
  isUnresolved,
  namedReferences,
  type Referable,
  type Referrer,
  resolveReference,
} from './references.ts';

const none: readonly Problem[] = [];

/** Names of subsets, as emptySubsetName makes them. */
export type EmptyNames = ReadonlySet<string>;

export function emptySubsetName(service: string, subset: string): string {
  return `${service} ${subset}`;
}

const last = new WeakMap<RoutingClaim, readonly Problem[]>();

/** For whose callers the routes are: see Referrer. At least one. */
type Consumers = readonly Referrer['consumer'][];

/** One for each fact, with the routes it concerns. The same list as before while it says the same. */
export function unresolvedReferences(
  routing: RoutingClaim | null,
  consumers: Consumers,
  referable: Referable,
): readonly Problem[] {
  if (routing === null) return none;
  if (namedReferences(routing.routes).length === 0) return unresolvedSubsets(routing);
  const found = findUnresolved(routing, consumers, referable);
  const known = last.get(routing);
  if (known !== undefined && isSameValue(known, found)) return known;
  last.set(routing, found);
  return found;
}

/** Of a policy that refers to no other Service, whatever else there is. */
const unresolvedSubsets = rememberEach((routing: RoutingClaim) => findUnresolved(routing, [null], nothing));
const nothing: Referable = { services: new Map(), grants: new Map(), traffic: new Map() };

function findUnresolved(
  routing: RoutingClaim,
  consumers: Consumers,
  referable: Referable,
): readonly Problem[] {
  const problem = problemFinder(routing, consumers, referable);
  return [
    ...problems(routing.routes, ({ backends }) => weighty(backends).flatMap(problem), shareIsLost),
    ...problems(routing.routes, ({ backends }) => weightless(backends).flatMap(problem), noShareYet),
    ...problems(routing.routes, ({ mirrors }) => mirrors.flatMap(problem), nothingIsCopied),
    ...problems(
      routing.connectionRoutes,
      ({ backends }) => weighty(backends).flatMap(problem),
      shareIsClosed,
    ),
    ...problems(
      routing.connectionRoutes,
      ({ backends }) => weightless(backends).flatMap(problem),
      noShareYet,
    ),
  ];
}

/** Of other Services to whose subsets routes send requests. */
export function emptyElsewhere(
  routing: RoutingClaim | null,
  consumers: Consumers,
  referable: Referable,
  empty: EmptyNames,
): readonly Problem[] {
  if (routing === null || empty.size === 0 || namedReferences(routing.routes).length === 0) return none;
  const findings = (reference: Reference): readonly Unresolved[] => {
    if (reference.service === null) return [];
    return resolutions(reference, routing, consumers, referable).flatMap((found) => {
      if (isUnresolved(found) || found.subset === null) return [];
      if (!empty.has(emptySubsetName(found.service, found.subset))) return [];
      return [
        {
          reason: reason.refNotFound,
          fact: `Subset ${declaredName(found.subset)} of ${found.service} has no endpoints.`,
          advice: 'Start a workload with its labels, or use another backend.',
        },
      ];
    });
  };
  return [
    ...problems(routing.routes, ({ backends }) => weighty(backends).flatMap(findings), shareIsLost),
    ...problems(routing.routes, ({ mirrors }) => mirrors.flatMap(findings), nothingIsCopied),
  ];
}

type Reference = Pick<BackendClaim, 'service' | 'subset'>;

function problemFinder(
  routing: RoutingClaim,
  consumers: Consumers,
  referable: Referable,
): (reference: Reference) => readonly Unresolved[] {
  return (reference) => resolutions(reference, routing, consumers, referable).filter(isUnresolved);
}

// oxlint-disable-next-line max-params -- a reference, who refers, and to what
function resolutions(
  { service, subset }: Reference,
  routing: RoutingClaim,
  consumers: Consumers,
  referable: Referable,
): readonly ReturnType<typeof resolveReference>[] {
  return consumers.map((consumer) =>
    // It does not matter for which service port the route is.
    resolveReference({ service, subset }, { own: '', routing, consumer }, referable),
  );
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
  return [...found.values()].map(({ problem, names }) => {
    const { fact, advice } = problem;
    return { reason: problem.reason, message: `${fact} ${effect(listed([...names]))} ${advice}` };
  });
}

function weighty(backends: readonly BackendClaim[]): readonly BackendClaim[] {
  return backends.filter(({ weight }) => weight > 0);
}

function weightless(backends: readonly BackendClaim[]): readonly BackendClaim[] {
  return backends.filter(({ weight }) => weight === 0);
}

function noShareYet(routes: string): string {
  return `Its weight in route ${routes} is 0, so nothing fails yet.`;
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
