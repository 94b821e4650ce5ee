// Who calls, as far as routes ask: workloads for which the same conditions on callers hold are one audience (decision 016).
import type { IdentityIr } from '../../../ir/mesh-ir.ts';
import type { RouteIr } from '../../../ir/service.ts';
import { fingerprint } from '../../../values/fingerprint.ts';
import { byText } from '../../../values/compare-text.ts';
import { rememberEach } from '../../../values/remember.ts';
import { isSameValue } from '../../../values/same-value.ts';
import type { Workload } from '../../facts/workload.ts';
import type { CallersClaim, RouteClaim, RoutingClaim } from './claims.ts';
import { matchesEverything } from './match.ts';

/** Key of a service port → what is said about its routes. */
type RoutingByPort = ReadonlyMap<string, { readonly routing: { readonly value: RoutingClaim } | null }>;

export interface Audiences {
  /** null: no condition on callers holds for it. */
  of(identity: IdentityIr): string | null;
  /** Audience → keys of the conditions that hold for it; each has a workload. Sorted. */
  readonly present: readonly (readonly [audience: string, holds: ReadonlySet<string>])[];
}

/** Nobody's: for audience null. */
export const nothingHolds: ReadonlySet<string> = new Set();

/** The same object for as long as workloads and routes say the same about callers. */
export function createAudienceFinder(): (
  traffic: RoutingByPort,
  workloads: readonly Pick<Workload, 'meshed'>[],
) => Audiences {
  let last: { readonly input: unknown; readonly audiences: Audiences } | null = null;
  return (traffic, workloads) => {
    const conditions = conditionsIn(traffic);
    const identities = conditions.length === 0 ? [] : identitiesOf(workloads);
    const input = [conditions, identities];
    if (last === null || !isSameValue(last.input, input))
      last = { input, audiences: findAudiences(conditions, identities) };
    return last.audiences;
  };
}

function findAudiences(conditions: readonly CallersClaim[], identities: readonly IdentityIr[]): Audiences {
  const holding = (identity: IdentityIr): readonly string[] =>
    conditions.filter((condition) => holdsFor(condition, identity)).map(({ key }) => key);
  const present = new Map<string, ReadonlySet<string>>();
  for (const identity of identities) {
    const holds = holding(identity);
    const name = nameOf(holds);
    if (name !== null) present.set(name, new Set(holds));
  }
  return {
    of: (identity) => nameOf(holding(identity)),
    present: [...present].toSorted(byText(([name]) => name)),
  };
}

/** Of the conditions that hold; null: none does. */
function nameOf(holds: readonly string[]): string | null {
  return holds.length === 0 ? null : `callers/${fingerprint(holds)}`;
}

/** Each once. */
function identitiesOf(workloads: readonly Pick<Workload, 'meshed'>[]): readonly IdentityIr[] {
  const found = new Map<string, IdentityIr>();
  for (const { meshed } of workloads) if (meshed !== null) found.set(meshed.spiffeId, meshed);
  return [...found.values()];
}

function holdsFor({ namespaces, serviceAccounts }: CallersClaim, identity: IdentityIr): boolean {
  const { namespace, serviceAccount } = identity;
  return namespaces.includes(namespace) || serviceAccounts.includes(`${namespace}/${serviceAccount}`);
}

/** Sorted by key, each once. */
function conditionsIn(traffic: RoutingByPort): readonly CallersClaim[] {
  const found = new Map<string, CallersClaim>();
  for (const { routing } of traffic.values()) {
    if (routing === null) continue;
    for (const condition of conditionsOf(routing.value.routes)) found.set(condition.key, condition);
  }
  return [...found.values()].toSorted(byText(({ key }) => key));
}

/** Of some routes. */
export const conditionsOf = rememberEach((routes: readonly RouteClaim[]): readonly CallersClaim[] =>
  routes.flatMap(({ matches }) =>
    matches === 'any' ? [] : matches.flatMap(({ from }) => (from === null ? [] : [from])),
  ),
);

/** The requests of callers for whom these conditions hold; null: none of theirs. */
export function matchesOf({ matches }: RouteClaim, holds: ReadonlySet<string>): RouteIr['matches'] | null {
  if (matches === 'any') return 'any';
  const theirs = matches.filter(({ from }) => from === null || holds.has(from.key)).map(({ match }) => match);
  if (theirs.length === 0) return null;
  return theirs.some(matchesEverything) ? 'any' : theirs;
}
