// Routes that no request can reach: earlier routes of the same list take all of theirs, or they ask for callers to whom the policy does not apply.
import { within } from './audiences.ts';
import { anyRequest } from './match.ts';
import type { MatchClaim, RouteClaim } from './claims.ts';
import { covers } from './covers.ts';

export interface UnreachableRoute {
  readonly name: string;
  /** The earlier routes that take its requests, in order. */
  readonly shadowedBy: readonly string[];
}

/** Only where it is certain: every match of the route is covered by a match of one earlier route. */
export function unreachableRoutes(routes: readonly RouteClaim[]): readonly UnreachableRoute[] {
  return routes.flatMap((route, index) => {
    const earlier = routes.slice(0, index);
    const takers = alternatives(route).map((match) =>
      earlier.findIndex((other) => alternatives(other).some((one) => covers(one, match))),
    );
    if (takers.includes(-1)) return [];
    const shadowedBy = earlier.filter((_, at) => takers.includes(at)).map(({ name }) => name);
    return [{ name: route.name, shadowedBy }];
  });
}

/** Names of routes whose every match asks for callers, and for none in this namespace. */
export function routesForOthers(routes: readonly RouteClaim[], namespace: string): readonly string[] {
  return routes
    .filter((route) => alternatives(route).every((match) => isForOthers(match, namespace)))
    .map(({ name }) => name);
}

function isForOthers({ from }: MatchClaim, namespace: string): boolean {
  if (from === null) return false;
  const { namespaces, serviceAccounts } = within(namespace, from);
  return namespaces.length + serviceAccounts.length === 0;
}

const everything: readonly MatchClaim[] = [{ match: anyRequest, from: null }];

function alternatives({ matches }: RouteClaim): readonly MatchClaim[] {
  return matches === 'any' ? everything : matches;
}
