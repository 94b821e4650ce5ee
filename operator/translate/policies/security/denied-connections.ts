// Deny rules on connections. Whom a handshake refuses is one regular expression in the sidecar, since Envoy's lists of names
// know no "not", and the time to compile it grows faster than the number of names: 64 take 40 ms, 1,024 five seconds. Beyond
// that the rules refuse more than they name, which is the safe side: also those whom `not` leaves out, whole namespaces, and beyond as
// many of these, everybody.
import type { AuthorizationIr, CallerIr, PeersIr, RuleIr } from '../../../ir/inbound.ts';

/** How many callers the Deny rules of a TCP port name one by one. */
export const maxDeniedCallers = 64;

/** deny: of a TCP port. */
export function boundedDeny(deny: AuthorizationIr['deny']): AuthorizationIr['deny'] {
  if (isBounded(deny)) return deny;
  const withoutExceptions = widened(deny, (caller) => ({ ...caller, not: null }));
  if (isBounded(withoutExceptions)) return withoutExceptions;
  const byNamespace = widened(withoutExceptions, (caller) => ({
    ...caller,
    identities: caller.identities === 'any' ? 'any' : namespacesOf(caller.identities),
  }));
  return isBounded(byNamespace) ? byNamespace : deny.map(denyAll);
}

/** Whether they refuse no more than they name. */
export function isBounded(deny: AuthorizationIr['deny']): boolean {
  const peers = deny.flatMap(({ callers }) =>
    callers === 'anyone'
      ? []
      : callers.flatMap(({ identities }) => (identities === 'any' ? [] : [identities])),
  );
  const own = new Set(peers.flatMap(({ spiffeIds, spiffePrefixes }) => [...spiffeIds, ...spiffePrefixes]));
  const foreign = new Set(peers.flatMap(({ foreignIds }) => foreignIds));
  const trustDomains = new Set([...foreign].map((id) => id.split('/')[2]));
  // Trust domains of which some are denied are described one by one.
  const names = own.size * (trustDomains.size + 1) + foreign.size;
  return names <= maxDeniedCallers && combinations(deny) <= maxDeniedCallers;
}

/** Who is left out by one caller and not by another: what is left of each name of the one and each of the other. */
function combinations(deny: AuthorizationIr['deny']): number {
  let product = 1;
  for (const { callers } of deny) {
    for (const { identities, not } of callers === 'anyone' ? [] : callers) {
      if (not !== null) product *= count(not.identities) + (identities === 'any' ? 0 : 1);
    }
  }
  return product;
}

function count({ spiffeIds, spiffePrefixes, foreignIds }: PeersIr): number {
  return spiffeIds.length + spiffePrefixes.length + foreignIds.length;
}

function widened(deny: AuthorizationIr['deny'], widen: (caller: CallerIr) => CallerIr): readonly RuleIr[] {
  return deny.map((rule) => {
    if (rule.callers === 'anyone') return rule;
    const callers = rule.callers.map(widen);
    return callers.some(({ identities, not }) => identities === 'any' && not === null)
      ? denyAll(rule)
      : { ...rule, callers };
  });
}

function denyAll(rule: RuleIr): RuleIr {
  return { ...rule, callers: 'anyone', unidentified: true };
}

/** Of other trust domains nothing is known of namespaces. */
function namespacesOf({ spiffeIds, spiffePrefixes, foreignIds }: PeersIr): PeersIr {
  const prefixes = [...spiffePrefixes, ...spiffeIds.map((id) => id.slice(0, id.lastIndexOf('/sa/') + 1))];
  return { spiffeIds: [], spiffePrefixes: [...new Set(prefixes)].toSorted(), foreignIds };
}
