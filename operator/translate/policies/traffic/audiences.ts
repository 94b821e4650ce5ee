// Who calls, as far as routes ask: workloads for which the same conditions on callers hold are one audience (decision 016).
import type { IdentityIr } from '../../../ir/mesh-ir.ts';
import type { RouteIr } from '../../../ir/route.ts';
import { fingerprint } from '../../../values/fingerprint.ts';
import { byText, compareText } from '../../../values/compare-text.ts';
import { rememberEach } from '../../../values/remember.ts';
import { isSameValue } from '../../../values/same-value.ts';
import type { Workload } from '../../facts/workload.ts';
import type { CallersClaim, RouteClaim, RoutingClaim } from './claims.ts';
import { matchesEverything } from './match.ts';

/** Key of a service port → what is said about its routes. */
type RoutingByPort = ReadonlyMap<
  string,
  Routed & {
    readonly consumers: readonly (Routed & { readonly namespace: string; readonly callers: CallersClaim })[];
  }
>;

interface Routed {
  readonly routing: { readonly value: RoutingClaim } | null;
}

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
  const add = (condition: CallersClaim): void => {
    found.set(condition.key, united(condition, found.get(condition.key)));
  };
  for (const { routing, consumers } of traffic.values()) {
    for (const condition of conditionsOf(routing?.value.routes ?? none)) add(condition);
    for (const { namespace, callers, ...theirs } of consumers) {
      add(callers);
      for (const condition of conditionsOf(theirs.routing?.value.routes ?? none))
        add(within(namespace, condition));
    }
  }
  return [...found.values()].toSorted(byText(({ key }) => key));
}

const none: readonly RouteClaim[] = [];

/** What a consumer policy says of callers elsewhere is nothing to them. */
export function within(namespace: string, { key, namespaces, serviceAccounts }: CallersClaim): CallersClaim {
  return {
    key,
    namespaces: namespaces.filter((one) => one === namespace),
    serviceAccounts: serviceAccounts.filter((one) => one.startsWith(`${namespace}/`)),
  };
}

function inEither(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].toSorted(compareText);
}

/** Of the same key: of both, who is in either. */
function united(one: CallersClaim, other: CallersClaim | undefined): CallersClaim {
  if (other === undefined) return one;
  return {
    key: one.key,
    namespaces: inEither(one.namespaces, other.namespaces),
    serviceAccounts: inEither(one.serviceAccounts, other.serviceAccounts),
  };
}

export function callersClaim(
  namespaces: readonly string[],
  serviceAccounts: readonly string[],
): CallersClaim {
  return { key: JSON.stringify([namespaces, serviceAccounts]), namespaces, serviceAccounts };
}

/** All callers in a namespace. */
export function callersIn(namespace: string): CallersClaim {
  return callersClaim([namespace], []);
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
