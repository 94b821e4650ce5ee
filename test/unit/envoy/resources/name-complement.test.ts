// Identities left over when others are excluded: the list that Envoy gets must mean the same as the rules.
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { except, type PeerName } from '../../../../operator/envoy/resources/inbound/name-complement.ts';
import { allowedPeers } from '../../../../operator/envoy/resources/inbound/peers.ts';
import type { PeerMatch } from '../../../../operator/envoy/resources/tls.ts';
import { sampleRule, spiffeId } from '../../../support/mesh-samples.ts';

/** Short words of few letters, so that names often are equal or begin each other. */
const word = fc.stringMatching(/^[ab./-]{1,4}$/);
const peerName: fc.Arbitrary<PeerName> = fc.oneof(
  word.map((exact) => ({ exact })),
  word.map((prefix) => ({ prefix })),
);

function matches(peer: PeerMatch, identity: string): boolean {
  if ('exact' in peer) return peer.exact === identity;
  if ('prefix' in peer) return identity.startsWith(peer.prefix);
  return new RegExp(`^(?:${peer.safe_regex.regex})$`).test(identity);
}

describe('except', () => {
  test('leaves exactly the identities that are included and not excluded', () => {
    const names = fc.array(peerName, { maxLength: 4 });

    fc.assert(
      fc.property(names, names, word, (included, excluded, identity) => {
        const isLeft = except(included, excluded).some((peer) => matches(peer, identity));
        const isIn = (list: readonly PeerName[]): boolean => list.some((peer) => matches(peer, identity));

        expect(isLeft).toBe(isIn(included) && !isIn(excluded));
      }),
      { numRuns: 2_000 },
    );
  });

  test('keeps a prefix that nothing is excluded from', () => {
    expect(except([{ prefix: 'a/' }], [{ exact: 'b' }])).toEqual([{ prefix: 'a/' }]);
  });
});

describe('allowedPeers', () => {
  const friend = sampleRule('shop/guard/friend', ['friend']);
  const anyone = sampleRule('shop/guard/anyone', 'anyone');

  test.each([
    { it: 'no rules: every identity', rules: { deny: [], allow: 'all' as const }, peers: null },
    { it: 'an empty allow list: none', rules: { deny: [], allow: [] }, peers: [] },
    {
      it: 'an allow rule for anyone: every identity',
      rules: { deny: [], allow: [friend, anyone] },
      peers: null,
    },
    {
      it: 'an allow rule: the identities it names',
      rules: { deny: [], allow: [friend] },
      peers: [{ exact: spiffeId('friend') }],
    },
    { it: 'allowed and denied: none', rules: { deny: [friend], allow: [friend] }, peers: [] },
    {
      it: 'a deny rule that names nobody: every identity',
      rules: { deny: [sampleRule('shop/guard/no', [])], allow: 'all' as const },
      peers: null,
    },
    { it: 'a deny rule for anyone: none', rules: { deny: [anyone], allow: 'all' as const }, peers: [] },
  ])('$it', ({ rules, peers }) => {
    expect(allowedPeers(rules)).toEqual(peers);
  });

  test.each([
    ['friend', 'cluster.local', false],
    ['friend', 'former.example', false],
    ['friends', 'cluster.local', true],
    ['stranger', 'cluster.local', true],
    ['stranger', 'former.example', true],
  ])('a deny rule for friend: %s of %s may connect: %s', (account, trustDomain, may) => {
    const peers = allowedPeers({ deny: [friend], allow: 'all' }) ?? [];
    const identity = spiffeId(account).replace('cluster.local', trustDomain);

    expect(peers.some((peer) => matches(peer, identity))).toBe(may);
  });
});
