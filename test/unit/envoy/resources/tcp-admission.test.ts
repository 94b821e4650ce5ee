// Who may stay connected to a TCP port, by name: the same as whose handshake succeeds, for everybody who is known.
import { describe, expect, test } from '@jest/globals';
import type { AuthorizationIr } from '../../../../operator/ir/inbound.ts';
import { listedPeers } from '../../../../operator/envoy/resources/inbound/tcp-admission.ts';
import { sampleCaller, sampleRule, spiffeId } from '../../../support/mesh-samples.ts';

const known = [spiffeId('page', 'qa'), spiffeId('page'), spiffeId('thief')];

function rule(id: string, spiffePrefixes: readonly string[]): ReturnType<typeof sampleRule> {
  return { id, callers: [sampleCaller({ spiffePrefixes })], unidentified: false, requests: 'any' };
}

const shop = rule('shop/guard/shop', ['spiffe://cluster.local/ns/shop/']);
const thief = sampleRule('shop/guard/thief', ['thief']);
const page = sampleRule('shop/guard/page', ['page']);
const later = sampleRule('shop/guard/later', ['comes-later']);
const anyone = sampleRule('shop/guard/anyone', 'anyone');

describe.each<{
  readonly it: string;
  readonly authorization: AuthorizationIr;
  readonly are: string;
  readonly names: readonly string[];
}>([
  { it: 'no rules', authorization: { deny: [], allow: 'all' }, are: 'refused', names: [] },
  {
    it: 'one is denied',
    authorization: { deny: [thief], allow: 'all' },
    are: 'refused',
    names: [spiffeId('thief')],
  },
  {
    it: 'a namespace is denied',
    authorization: { deny: [shop], allow: 'all' },
    are: 'refused',
    names: [spiffeId('page'), spiffeId('thief')],
  },
  { it: 'everybody is denied', authorization: { deny: [anyone], allow: 'all' }, are: 'admitted', names: [] },
  { it: 'nobody is allowed', authorization: { deny: [], allow: [] }, are: 'admitted', names: [] },
  {
    it: 'one is allowed, and one who is not known yet',
    authorization: { deny: [], allow: [page, later] },
    are: 'admitted',
    names: [spiffeId('comes-later'), spiffeId('page')],
  },
  {
    it: 'a namespace is allowed but for one',
    authorization: { deny: [thief], allow: [shop] },
    are: 'admitted',
    names: [spiffeId('page')],
  },
  {
    it: 'anyone is allowed but for a namespace',
    authorization: { deny: [shop], allow: [anyone] },
    are: 'refused',
    names: [spiffeId('page'), spiffeId('thief')],
  },
])('$it', ({ authorization, are, names }) => {
  test('is said by name', () => {
    expect(listedPeers(authorization, known)).toEqual({ peers: names, peers_are: are });
  });
});
