// Routes that no request can reach, because earlier routes of the same list take all of theirs.
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

const everything: readonly MatchClaim[] = [{ match: anyRequest, from: null }];

function alternatives({ matches }: RouteClaim): readonly MatchClaim[] {
  return matches === 'any' ? everything : matches;
}
