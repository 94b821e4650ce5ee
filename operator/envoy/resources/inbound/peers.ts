// What authorization rules say about connections as such, before a byte of the application is read. Who may connect is
// decided in the handshake: a filter would decide on the client's first byte, after a server that speaks first has spoken.
import type { AuthorizationIr, RuleIr } from '../../../ir/inbound.ts';
import type { PeerMatch } from '../tls.ts';
import { anyTrustDomain, pathOf } from '../spiffe.ts';
import { except, type PeerName } from './name-complement.ts';

/** What every identity of the mesh begins with: whose it is has been checked by its certificate's issuer. */
const everyIdentity: PeerName = { prefix: 'spiffe://' };

export type NamedPeers = 'everyone' | readonly PeerName[];

/** Who is allowed to connect, but for those who are denied. */
export function namesOf({ deny, allow }: AuthorizationIr): {
  readonly allowed: NamedPeers;
  readonly denied: NamedPeers;
} {
  return {
    allowed: allow === 'all' || allow.some(isForAnyone) ? 'everyone' : allow.flatMap(names),
    denied: deny.some(isForAnyone) ? 'everyone' : deny.flatMap(names),
  };
}

/** Whose handshake succeeds on a TCP port; null for every identity of the mesh, an empty list for none. */
export function allowedPeers(authorization: AuthorizationIr): readonly PeerMatch[] | null {
  const { allowed, denied } = namesOf(authorization);
  if (denied === 'everyone') return [];
  if (allowed === 'everyone' && denied.length === 0) return null;
  return allowed === 'everyone' ? everyoneBut(denied) : except(allowed, denied);
}

/** Who is denied is so in any trust domain: after a change of the Mesh's, certificates of the former one are valid until they expire. */
function everyoneBut(denied: readonly PeerName[]): readonly PeerMatch[] {
  return except([{ prefix: '/' }], denied.map(withoutTrustDomain)).map((path) =>
    'safe_regex' in path ? { safe_regex: { regex: anyTrustDomain + path.safe_regex.regex } } : everyIdentity,
  );
}

function withoutTrustDomain(name: PeerName): PeerName {
  return 'exact' in name ? { exact: pathOf(name.exact) } : { prefix: pathOf(name.prefix) };
}

/**
 * Whether a connection without a mesh identity, of which only bytes are seen, may reach the application. Of rules
 * about requests nothing can be checked there: such a deny rule counts as met, such an allow rule as not met.
 */
export function admitsUnknownBytes({ deny, allow }: AuthorizationIr, requestsAreSeen: boolean): boolean {
  if (deny.some(({ unidentified }) => unidentified)) return false;
  return (
    allow === 'all' ||
    allow.some((rule) => isForAnyone(rule) && (!requestsAreSeen || rule.requests === 'any'))
  );
}

function isForAnyone({ callers }: RuleIr): boolean {
  return callers === 'anyone';
}

function names({ callers }: RuleIr): readonly PeerName[] {
  if (callers === 'anyone') return [everyIdentity];
  return callers.flatMap(({ spiffeIds, spiffePrefixes }) => [
    ...spiffeIds.map((exact) => ({ exact })),
    ...spiffePrefixes.map((prefix) => ({ prefix })),
  ]);
}
