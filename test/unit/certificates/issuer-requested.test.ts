import { X509Certificate } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { AuthorityState } from '../../../operator/certificates/issuer-ports.ts';
import { pemText } from '../../../operator/certificates/root.ts';
import { type Ca, type CaOptions, makeCa, secretOf } from '../../support/brought-authority.ts';
import { until } from '../../support/until.ts';
import { Bench, namespace, rootKey, stopAll } from './rotation-bench.ts';
import { hourMs, startOfTest } from './support.ts';

const authority = {
  type: 'CertManager',
  issuer: { name: 'mesh-ca', kind: 'ClusterIssuer', group: 'cert-manager.io' },
  caBundle: null,
} as const;
const ownKey = `${namespace}/meshwright-operator-certificate`;

const made = (options: CaOptions = {}): Promise<Ca> =>
  makeCa({ from: startOfTest - hourMs, until: startOfTest + 5000 * hourMs, ...options });
let root: Ca;
let other: Ca;
let bench: Bench;

beforeAll(async () => {
  [root, other] = [await made(), await made()];
});
beforeEach(() => {
  bench = new Bench();
  bench.authority = authority;
  bench.requests.issueFrom([root], bench.clock.now);
});
afterEach(stopAll);

const pem = (ca: Ca): string => pemText(ca.certificate);
const isFrom = (ca: Ca): boolean =>
  new X509Certificate(bench.file('tls.crt')).verify(new X509Certificate(pem(ca)).publicKey);
const begin = async (): Promise<void> => {
  await bench.start();
  await bench.wish({});
};
const step = async (): Promise<void> => {
  bench.clock.advance(60_000);
  await bench.sleeps();
};
/** Of the workload. */
const asked = (): number => bench.requests.made.filter((spiffeId) => spiffeId.endsWith('/reviews')).length;
/** Time goes on until then. */
async function passes(what: string, holds: () => boolean): Promise<void> {
  for (let rounds = 0; !holds(); rounds += 1) {
    if (rounds === 100) throw new Error(`not in 100 rounds: ${what}`);
    bench.clock.advance(1_000);
    // oxlint-disable-next-line no-await-in-loop -- round by round
    await bench.sleeps();
  }
}
const state = (): AuthorityState | undefined => bench.issuer.state().authority;

test('leaves and the operator have certificates of the issuer, and no key of it is stored', async () => {
  await begin();

  expect(isFrom(root)).toBe(true);
  expect(bench.file('ca.crt')).toBe(pem(root));
  expect(bench.file('issued-ms')).toBe(String(startOfTest));
  expect(bench.own).toMatchObject({ trustBundle: pem(root), issuers: pem(root), revocationList: null });
  expect(bench.secrets.held.get(rootKey)).toEqual({
    'tls.crt': '',
    'tls.key': '',
    'root.crt': pem(root),
    'issuer.json': JSON.stringify(authority.issuer),
  });
  expect(bench.secrets.held.get(ownKey)?.['tls.crt']).toBe(bench.own?.certificate);
  expect(state()).toMatchObject({ isAsWanted: true, wanted: 'ClusterIssuer mesh-ca', troubles: null });
  expect(bench.requests.held.size).toBe(0);
});

test('a certificate is renewed at half of its life, and looked at meanwhile without a request', async () => {
  await begin();
  const first = bench.file('tls.crt');
  bench.clock.advance(10 * hourMs);
  await bench.sleeps();
  expect([bench.file('tls.crt'), asked()]).toEqual([first, 1]);

  bench.clock.advance(4 * hourMs);
  await until('it is renewed', () => bench.file('tls.crt') !== first);
  expect(isFrom(root)).toBe(true);
});

test('issuedAfter replaces what was issued a moment before, also though the issuer dates back by an hour', async () => {
  bench.requests.issueFrom([root], bench.clock.now, { from: startOfTest - hourMs });
  await begin();
  const first = bench.file('tls.crt');
  bench.clock.advance(5_000);
  await bench.wish({}, startOfTest + 4_000);
  await until('it is replaced', () => bench.file('tls.crt') !== first);
  await bench.sleeps();
  await step();

  expect(asked()).toBe(2);
});

test('another operator starts without the issuer, and does not ask', async () => {
  await begin();
  const follower = new Bench(bench.secrets, bench.clock, false);
  follower.authority = authority;
  await follower.start();

  expect(follower.own?.certificate).toBe(bench.own?.certificate);
  expect(follower.requests.made).toEqual([]);
});

test('while the issuer refuses, everything stays, and the state says why; later, that certificates expire', async () => {
  await begin();
  const first = bench.file('tls.crt');
  bench.requests.refuse('Denied', 'not you');
  bench.clock.advance(14 * hourMs);
  await until('it is told', () => state()?.troubles !== null);
  expect(state()?.troubles).toMatchObject({
    kind: 'Refused',
    texts: [
      'The certificate in Secret shop/meshwright-reviews waits. ClusterIssuer mesh-ca refuses: the request was denied: not you.',
    ],
  });
  expect(state()?.late).toBeNull();
  expect(bench.file('tls.crt')).toBe(first);

  bench.clock.advance(5 * hourMs);
  await until('they expire soon', () => state()?.late !== null);
  expect(state()?.late).toMatchObject({ count: 1, expired: 0, first: 'Secret shop/meshwright-reviews' });
  bench.clock.advance(6 * hourMs);
  await until('they have expired', () => state()?.late?.expired === 1);

  bench.requests.issueFrom([root], bench.clock.now);
  bench.clock.advance(hourMs);
  await until('it is renewed', () => bench.file('tls.crt') !== first);
  await until('all is well', () => state()?.late === null && state()?.troubles === null);
});

test('an issuer that signs with another root: leaves of it are given out when the sidecar trusts it, not before', async () => {
  await begin();
  bench.requests.issueFrom([other], bench.clock.now);
  bench.isObedient = false;
  bench.clock.advance(14 * hourMs);
  await passes('it is noticed', () => bench.phase === 'TrustBoth');
  expect(isFrom(root)).toBe(true);
  await step();
  expect([bench.phase, isFrom(root)]).toEqual(['TrustBoth', true]);
  expect(bench.own?.trustBundle).toContain(pem(other));

  await bench.obey();
  await passes('it has ended', () => bench.phase === 'none');
  expect(isFrom(other)).toBe(true);
  expect(bench.file('ca.crt')).toBe(pem(other));
  expect(bench.own?.trustBundle).toBe(pem(other));
  expect(bench.issuer.state().root?.last?.outcome).toBe('Completed');
});

test('from the built-in root to an issuer and back, each a rotation', async () => {
  bench.authority = { type: 'BuiltIn' };
  await begin();
  bench.authority = authority;
  await bench.wish({});
  await until('the issuer signs', () => bench.phase === 'none' && isFrom(root));

  bench.authority = { type: 'BuiltIn' };
  await bench.wish({});
  await until('it signs no more', () => bench.phase === 'none' && !isFrom(root));
  expect(bench.issuer.state().root?.facts.isOurs).toBe(true);
});

test('an intermediate of the same root is used at once, and so is the issuer after it', async () => {
  await begin();
  const brought = secretOf(root, await made({ by: root }));
  bench.secrets.held.set(`${namespace}/mesh-intermediate`, brought);
  bench.authority = { type: 'Intermediate', secretName: 'mesh-intermediate' };
  await bench.wish({});
  await until('the intermediate signs', () => !isFrom(root));

  bench.authority = authority;
  await bench.wish({});
  await until(
    'the issuer is in force',
    () => state()?.wanted === 'ClusterIssuer mesh-ca' && state()?.isAsWanted === true,
  );
  // What the intermediate signed leads to the same root.
  expect(bench.issuer.state().root).toMatchObject({ rotation: null, last: null });
});

test('a root renewed with its old key is not taken, and the former one stays in force', async () => {
  await begin();
  const renewed = await made({ keys: root.keys, name: root.certificate.subject.slice('CN='.length) });
  bench.requests.issueFrom([renewed], bench.clock.now);
  bench.clock.advance(14 * hourMs);
  await passes('it is told', () => state()?.problem !== null);

  expect(state()?.problem).toBe(
    'ClusterIssuer mesh-ca has the key that signs certificates at present, but another root. Use another key.',
  );
  expect(bench.phase).toBe('none');
  expect(isFrom(root)).toBe(true);
});

test('one root is pinned: another one of the issuer is not used', async () => {
  bench.authority = { ...authority, caBundle: pem(root) };
  await begin();
  bench.requests.issueFrom([other], bench.clock.now);
  bench.clock.advance(14 * hourMs);
  await until('it is told', () => state()?.troubles !== null);
  await step();

  expect([bench.phase, isFrom(root)]).toEqual(['none', true]);
});

test('where there are no issuers outside, the type is refused', async () => {
  const bare = new Bench();
  bare.authority = authority;
  bare.hasIssuers = false;
  void bare.start().catch(() => undefined);
  await until('it says why', () => bare.issuer.state().problems.length > 0);

  expect(bare.issuer.state().problems).toEqual([
    'No certificate is issued. spec.certificates.authority.type CertManager needs a Kubernetes cluster with cert-manager. Without a cluster, use BuiltIn or Intermediate.',
  ]);
});
