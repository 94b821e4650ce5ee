// Identities left over when others are excluded: the list that Envoy gets must mean the same as the rules.
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  everyIdentity,
  intersect,
  matchesOf,
  membershipIn,
  type PeerName,
  subtract,
} from '../../../../operator/envoy/resources/inbound/peer-sets.ts';
import type { AuthorizationIr, CallerIr, RuleIr } from '../../../../operator/ir/inbound.ts';
import { allowedPeers } from '../../../../operator/envoy/resources/inbound/peers.ts';
import { listedPeers } from '../../../../operator/envoy/resources/inbound/tcp-admission.ts';
import type { PeerMatch } from '../../../../operator/envoy/resources/tls.ts';
import { sampleCaller, samplePeers, sampleRule, spiffeId } from '../../../support/mesh-samples.ts';
import { runs } from '../../../support/runs.ts';

function matches(peer: PeerMatch, identity: string): boolean {
  if ('exact' in peer) return peer.exact === identity;
  if ('prefix' in peer) return identity.startsWith(peer.prefix);
  return new RegExp(`^(?:${peer.safe_regex.regex})$`).test(identity);
}

/** Few letters, so that names often are equal or begin each other, also in another trust domain. */
const someDomain = fc.constantFrom('a', 'ab', 'b');
const path = fc.stringMatching(/^\/[ab/]{1,3}$/);
const peerNames = fc.array(
  fc.record({
    trustDomain: fc.option(someDomain, { nil: null }),
    path,
    isPrefix: fc.boolean(),
  }),
  { maxLength: 3 },
);
const someId = fc.tuple(someDomain, path).map(([start, rest]) => `spiffe://${start}${rest}`);
const everyone = [{ name: everyIdentity, without: [] }];

function isIn(names: readonly PeerName[], id: string): boolean {
  return membershipIn(names.map((name) => ({ name, without: [] })))(id);
}

describe('sets of identities', () => {
  test('what Envoy gets matches exactly who is left', () => {
    fc.assert(
      fc.property(peerNames, peerNames, peerNames, someId, (included, excluded, back, id) => {
        const all = included.map((name) => ({ name, without: [] }));
        const sets = [...subtract(all, excluded), ...intersect(all, back)];
        const expected = isIn(included, id) && (!isIn(excluded, id) || isIn(back, id));

        expect(membershipIn(sets)(id)).toBe(expected);
        expect(sets.flatMap(matchesOf).some((peer) => matches(peer, id))).toBe(expected);
      }),
      runs(3_000),
    );
  });

  test('everybody but some, of one trust domain or of all', () => {
    fc.assert(
      fc.property(peerNames, peerNames, someId, (excluded, more, id) => {
        const sets = subtract(subtract(everyone, excluded), more);

        expect(sets.flatMap(matchesOf).some((peer) => matches(peer, id))).toBe(
          !isIn(excluded, id) && !isIn(more, id),
        );
      }),
      runs(3_000),
    );
  });

  test('a prefix that nothing is taken from stays one', () => {
    const name = { trustDomain: 'a', path: '/ns/shop/', isPrefix: true };

    expect(subtract([{ name, without: [] }], [{ ...name, path: '/ns/bank/' }]).flatMap(matchesOf)).toEqual([
      { prefix: 'spiffe://a/ns/shop/' },
    ]);
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

  const id = (account: string, domain = 'cluster.local'): string =>
    `spiffe://${domain}/ns/shop/sa/${account}`;
  const leavingOut = (spiffeIds: readonly string[]): CallerIr['not'] => ({
    identities: samplePeers({ spiffeIds }),
    networks: [],
    remoteNetworks: [],
  });
  const rule = (caller: CallerIr): RuleIr => ({
    id: 'shop/guard/rule',
    callers: [caller],
    unidentified: false,
    requests: 'any',
  });
  const shop = { spiffePrefixes: ['spiffe://cluster.local/ns/shop/'] };
  const anyBut = (account: string): CallerIr => ({
    ...sampleCaller({}, { not: leavingOut([id(account)]) }),
    identities: 'any',
  });

  test.each<{
    it: string;
    deny?: CallerIr;
    allow?: CallerIr;
    may: readonly string[];
    mayNot: readonly string[];
  }>([
    {
      it: 'a namespace but for one',
      allow: sampleCaller(shop, { not: leavingOut([id('thief')]) }),
      may: [id('page')],
      mayNot: [id('thief'), id('page', 'former.example')],
    },
    {
      it: 'anybody but one, of whatever trust domain',
      allow: anyBut('thief'),
      may: [id('page'), id('page', 'former.example')],
      mayNot: [id('thief'), id('thief', 'former.example')],
    },
    {
      it: 'all denied but one',
      deny: anyBut('page'),
      may: [id('page')],
      mayNot: [id('thief'), id('page', 'former.example')],
    },
    {
      it: 'a namespace denied but for one',
      deny: sampleCaller(shop, { not: leavingOut([id('page')]) }),
      may: [id('page'), id('x').replace('/shop/', '/bank/')],
      mayNot: [id('thief'), id('page', 'former.example')],
    },
    {
      it: 'one of another trust domain denied',
      deny: sampleCaller({ foreignIds: [id('page', 'partner.example')] }),
      may: [id('page'), id('pages', 'partner.example'), id('page', 'partner.example.org'), id('page', 'p')],
      mayNot: [id('page', 'partner.example')],
    },
    {
      it: 'one of another trust domain allowed',
      allow: sampleCaller({ foreignIds: [id('page', 'partner.example')] }),
      may: [id('page', 'partner.example')],
      mayNot: [id('page')],
    },
  ])('$it', ({ deny, allow, may, mayNot }) => {
    const authorization: AuthorizationIr = {
      deny: deny === undefined ? [] : [rule(deny)],
      allow: allow === undefined ? 'all' : [rule(allow)],
    };
    const peers = allowedPeers(authorization) ?? [];
    const isAllowed = (one: string): boolean => peers.some((peer) => matches(peer, one));
    const { peers: listed, peers_are } = listedPeers(authorization, [...may, ...mayNot]);
    const mayStay = (one: string): boolean => listed.includes(one) === (peers_are === 'admitted');

    expect({ may: may.filter(isAllowed), mayNot: mayNot.filter(isAllowed) }).toEqual({ may, mayNot: [] });
    expect({ may: may.filter(mayStay), mayNot: mayNot.filter(mayStay) }).toEqual({ may, mayNot: [] });
  });
});
