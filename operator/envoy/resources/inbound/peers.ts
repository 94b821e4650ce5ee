// What authorization rules say about connections as such, before a byte of the application is read. Who may connect is
// decided in the handshake: a filter would decide on the client's first byte, after a server that speaks first has spoken.
import {
  type AuthorizationIr,
  type CallerIr,
  type InboundPortIr,
  mayBeUnidentified,
  type PeersIr,
  type RuleIr,
} from '../../../ir/inbound.ts';
import type { PeerMatch } from '../tls.ts';
import {
  everyIdentity,
  intersect,
  matchesOf,
  type PeerName,
  peerName,
  type PeerSet,
  subtract,
} from './peer-sets.ts';

/** Whose identity may connect. */
export function admittedPeers({ deny, allow }: AuthorizationIr): readonly PeerSet[] {
  let admitted = allow === 'all' ? everyone : allow.flatMap(({ callers }) => allowedBy(callers));
  for (const { callers } of deny) {
    if (callers === 'anyone') return [];
    for (const caller of callers) admitted = withoutDenied(admitted, caller);
  }
  return admitted;
}

const everyone: readonly PeerSet[] = [{ name: everyIdentity, without: [] }];

function allowedBy(callers: RuleIr['callers']): readonly PeerSet[] {
  if (callers === 'anyone') return everyone;
  return callers.flatMap(({ identities, not }) => {
    const named = identities === 'any' ? [everyIdentity] : asNamed(identities);
    const sets = named.map((name) => ({ name, without: [] }));
    return not === null ? sets : subtract(sets, inAnyTrustDomain(not.identities));
  });
}

function withoutDenied(admitted: readonly PeerSet[], { identities, not }: CallerIr): readonly PeerSet[] {
  const denied = identities === 'any' ? [everyIdentity] : inAnyTrustDomain(identities);
  const others = subtract(admitted, denied);
  return not === null ? others : [...others, ...intersect(admitted, asNamed(not.identities))];
}

/** As an Allow rule names callers. */
function asNamed({ spiffeIds, spiffePrefixes, foreignIds }: PeersIr): readonly PeerName[] {
  return [
    ...[...spiffeIds, ...foreignIds].map((id) => peerName(id, { isPrefix: false })),
    ...spiffePrefixes.map((id) => peerName(id, { isPrefix: true })),
  ];
}

/**
 * As a Deny rule names callers: after a change of the Mesh's trust domain, certificates of the former one are valid until they
 * expire.
 */
function inAnyTrustDomain({ spiffeIds, spiffePrefixes, foreignIds }: PeersIr): readonly PeerName[] {
  const own = asNamed({ spiffeIds, spiffePrefixes, foreignIds: [] });
  const foreign = asNamed({ spiffeIds: [], spiffePrefixes: [], foreignIds });
  return [...own.map((name) => ({ ...name, trustDomain: null })), ...foreign];
}

/** Whose handshake succeeds on a TCP port; null for every identity of the mesh, an empty list for none. */
export function allowedPeers(authorization: AuthorizationIr): readonly PeerMatch[] | null {
  const admitted = admittedPeers(authorization);
  return admitted.some(isEveryone) ? null : admitted.flatMap(matchesOf);
}

/** Whether all are admitted but for some. */
export function admitsAllBut(admitted: readonly PeerSet[]): boolean {
  return admitted.some(({ name }) => name === everyIdentity);
}

function isEveryone({ name, without }: PeerSet): boolean {
  return name === everyIdentity && without.length === 0;
}

/** SPIFFE ids that rules name, of callers whom they may be about although they are not known. */
export function idsNamed({ deny, allow }: AuthorizationIr): readonly string[] {
  const rules = [...deny, ...(allow === 'all' ? [] : allow)];
  return rules.flatMap(({ callers }) =>
    callers === 'anyone'
      ? []
      : callers.flatMap(({ identities, not }) => [...idsOf(identities), ...idsOf(not?.identities)]),
  );
}

function idsOf(peers: 'any' | PeersIr = 'any'): readonly string[] {
  return peers === 'any' ? [] : [...peers.spiffeIds, ...peers.foreignIds];
}

/**
 * Whether a connection without a mesh identity, of which only bytes are seen, may reach the application. Of rules
 * about requests and of tokens nothing can be checked there, and nobody asked: such a deny rule counts as met, such an allow rule as not met.
 */
export function admitsUnknownBytes(
  {
    authentication,
    authorization: { deny, allow },
    authorizers,
  }: Pick<InboundPortIr, 'authentication' | 'authorization' | 'authorizers'>,
  requestsAreSeen: boolean,
): boolean {
  if (authentication !== null || authorizers.length > 0 || deny.some(mayBeUnidentified)) return false;
  return (
    allow === 'all' ||
    allow.some(({ callers, requests }) => callers === 'anyone' && (!requestsAreSeen || requests === 'any'))
  );
}
