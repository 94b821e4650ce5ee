// What authorization rules say about connections as such, before a byte of the application is read. Who may connect is
// decided in the handshake: a filter would decide on the client's first byte, after a server that speaks first has spoken.
import type { AuthorizationIr, RuleIr } from '../../../ir/inbound.ts';
import type { PeerMatch } from '../tls.ts';
import { except, type PeerName } from './name-complement.ts';

/** What every identity of the mesh begins with: whose it is has been checked by its certificate's issuer. */
const everyIdentity: PeerName = { prefix: 'spiffe://' };

/** Whose handshake succeeds on a TCP port; null for every identity of the mesh, an empty list for none. */
export function allowedPeers({ deny, allow }: AuthorizationIr): readonly PeerMatch[] | null {
  if (deny.some(isForAnyone)) return [];
  const isForAll = allow === 'all' || allow.some(isForAnyone);
  if (isForAll && deny.length === 0) return null;
  return except(isForAll ? [everyIdentity] : allow.flatMap(names), deny.flatMap(names));
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
