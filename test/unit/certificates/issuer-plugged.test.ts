import { X509Certificate } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { pemsOf } from '../../../operator/certificates/pems.ts';
import type { SecretData } from '../../../operator/ports/platform.ts';
import { type Ca, type CaOptions, makeCa, secretOf } from '../../support/brought-authority.ts';
import { until } from '../../support/until.ts';
import { Bench, namespace, rootKey, stopAll } from './rotation-bench.ts';
import { hourMs, startOfTest } from './support.ts';

const dayMs = 24 * hourMs;
const secretName = 'mesh-intermediate';
const key = `${namespace}/${secretName}`;
const place = `Secret ${key}`;
const intermediate = { type: 'Intermediate', secretName } as const;

/** Without key identifiers. */
const bare = (options: CaOptions): Promise<Ca> => made({ ...options, hasKeyIds: false });
const made = (options: CaOptions = {}): Promise<Ca> =>
  makeCa({ from: startOfTest - hourMs, until: startOfTest + 365 * dayMs, ...options });
let root: Ca;
let first: SecretData;
let bench: Bench;

beforeAll(async () => {
  root = await made({ until: startOfTest + 3650 * dayMs });
  first = secretOf(root, await made({ by: root }));
});
beforeEach(() => {
  bench = new Bench();
});
afterEach(stopAll);

/** Reads the Secret. */
async function look(): Promise<void> {
  bench.clock.advance(15_000);
  await bench.sleeps();
}

async function withIntermediate(data: SecretData = first): Promise<void> {
  bench.secrets.held.set(key, data);
  bench.authority = intermediate;
  await bench.start();
  await bench.wish({});
}

async function withBuiltIn(): Promise<string> {
  await bench.start();
  await bench.wish({});
  bench.clock.advance(2_000);
  await bench.sleeps();
  return bench.file('ca.crt');
}

/** Asks for what the Secret holds. */
async function ask(data: SecretData, wish: Parameters<Bench['wish']>[0] = {}): Promise<void> {
  bench.secrets.held.set(key, data);
  bench.authority = intermediate;
  await bench.wish(wish);
  await look();
}

/** PEM of what signed the leaf in use, from the chain beside it. */
const issuer = (): string | undefined => pemsOf(bench.file('tls.crt'))[1];
const issuerIn = (data: SecretData): string | undefined => pemsOf(data['tls.crt'] ?? '')[0];
const state = (): unknown => bench.issuer.state().authority;

test('at first, leaves are signed by the intermediate and come with it; everybody trusts the root alone', async () => {
  await withIntermediate();

  expect(issuer()).toBe(issuerIn(first));
  expect(
    new X509Certificate(bench.file('tls.crt')).verify(new X509Certificate(issuer() ?? '').publicKey),
  ).toBe(true);
  expect(bench.file('ca.crt')).toBe(first['ca.crt']);
  expect(bench.own).toMatchObject({ trustBundle: first['ca.crt'], controlPlaneBundle: first['ca.crt'] });
  expect(pemsOf(bench.own?.certificate ?? '')).toHaveLength(2);
  expect(state()).toMatchObject({ isPlugged: true, isAsWanted: true, problem: null, wanted: place });
  expect(bench.secrets.writes).not.toContain(key);
});

test('as long as there never was a valid one, no certificate is issued, by no other root either', async () => {
  bench.authority = intermediate;
  const started = bench.start();
  await until('it says why', () => bench.issuer.state().problems.length > 0);

  expect(bench.issuer.state().problems).toEqual([
    `No certificate is issued. ${place} does not exist. Create it with tls.crt, tls.key and ca.crt.`,
  ]);
  expect(bench.secrets.held.size).toBe(0);

  bench.secrets.held.set(key, first);
  bench.clock.advance(60_000);
  await started;
  await bench.wish({});
  expect(issuer()).toBe(issuerIn(first));
});

test('a renewed intermediate of the same root is used at once, without a rotation', async () => {
  await withIntermediate();
  const renewed = secretOf(root, await made({ by: root }));

  bench.secrets.held.set(key, renewed);
  await look();

  expect(issuer()).toBe(issuerIn(renewed));
  expect(bench.file('ca.crt')).toBe(first['ca.crt']);
  expect(bench.issuer.state().root).toMatchObject({ rotation: null, last: null });
  expect(bench.secrets.held.get(rootKey)?.['tls.key']).toBe(renewed['tls.key']);
});

test('one that was renewed with the same key and name is presented as it is now', async () => {
  const before = await made({ by: root, name: 'mesh' });
  await withIntermediate(secretOf(root, before));
  const renewed = secretOf(root, await made({ by: root, name: 'mesh', keys: before.keys }));

  bench.secrets.held.set(key, renewed);
  await look();

  expect(issuer()).toBe(issuerIn(renewed));
});

test.each<[string, (data: SecretData) => SecretData | undefined, string]>([
  ['deleted', () => undefined, `${place} does not exist.`],
  ['damaged', (data) => ({ ...data, 'tls.key': '' }), `${place} cannot be used: tls.key`],
])('a Secret that is %s leaves the last valid one in force, also after a restart', async (_, change, why) => {
  await withIntermediate();
  const next = change(first);
  if (next === undefined) bench.secrets.held.delete(key);
  else bench.secrets.held.set(key, next);
  await look();
  const again = new Bench(bench.secrets, bench.clock);
  again.authority = intermediate;
  await again.start();
  await again.wish({});

  for (const { issuer: ofThis } of [bench, again]) {
    expect(ofThis.state().authority).toMatchObject({
      problem: expect.stringContaining(why),
      isPlugged: true,
    });
    expect(ofThis.state().problems).toEqual([]);
  }
  expect(issuer()).toBe(issuerIn(first));
  bench.clock.advance(20 * hourMs);
  await until('the leaf is renewed', () => again.issuer.state().issued > 1);
  expect(issuer()).toBe(issuerIn(first));
});

test('from the built-in root to an intermediate and back, each time by a rotation', async () => {
  const builtIn = await withBuiltIn();
  bench.isObedient = false;

  await ask(first);
  expect(bench.phase).toBe('TrustBoth');
  expect(pemsOf(bench.own?.trustBundle ?? '')).toHaveLength(2);
  expect(pemsOf(bench.file('tls.crt'))).toHaveLength(1);
  expect(state()).toMatchObject({ isAsWanted: false, isPlugged: false, problem: null });
  // What was brought is stored: that it is gone now holds nothing up.
  bench.secrets.held.delete(key);
  await bench.obey();
  expect([bench.phase, issuer(), bench.file('ca.crt')]).toEqual(['none', issuerIn(first), first['ca.crt']]);

  bench.authority = { type: 'BuiltIn' };
  await bench.wish({});
  expect(bench.phase).toBe('none');
  expect(bench.issuer.state().root?.last?.outcome).toBe('Completed');
  expect([builtIn, first['ca.crt']]).not.toContain(bench.file('ca.crt'));
  expect(pemsOf(bench.file('tls.crt'))).toHaveLength(1);
  expect(JSON.stringify(bench.secrets.held.get(rootKey))).not.toContain('root.crt');
  expect(state()).toMatchObject({ isAsWanted: true, isPlugged: false });
});

test('an intermediate of another root comes by a rotation, and can be aborted', async () => {
  await withIntermediate();
  const next = secretOf(await made(), await made());
  const other = await made();
  const ofOther = secretOf(other, await made({ by: other }));
  bench.isObedient = false;

  await ask(next);
  expect([bench.phase, state()]).toMatchObject([
    'none',
    { problem: expect.stringContaining('is not signed by') },
  ]);
  await ask(ofOther);
  expect(bench.phase).toBe('TrustBoth');
  await ask(ofOther, { mode: 'Abort' });
  expect(bench.phase).toBe('Retire back');
  await bench.obey();
  expect([bench.phase, issuer()]).toEqual(['none', issuerIn(first)]);
  expect(state()).toMatchObject({ isAsWanted: false, problem: null });

  await ask(ofOther);
  expect([bench.phase, issuer()]).toEqual(['none', issuerIn(ofOther)]);
});

test('what is renewed while a root is rotated is taken, on its way in and on its way out', async () => {
  await withBuiltIn();
  bench.isObedient = false;
  await ask(first);
  const renewed = secretOf(root, await made({ by: root }));

  bench.secrets.held.set(key, renewed);
  await look();

  expect(bench.phase).toBe('TrustBoth');
  expect(bench.secrets.held.get(rootKey)).toMatchObject({
    'other.crt': renewed['tls.crt'],
    'other.key': renewed['tls.key'],
    'other-root.crt': renewed['ca.crt'],
  });
  await bench.obey();
  expect([bench.phase, issuer()]).toEqual(['none', issuerIn(renewed)]);
});

test('an intermediate that expired while the rotation was held up does not begin to sign', async () => {
  await withBuiltIn();
  bench.isObedient = false;
  await ask(secretOf(root, await made({ by: root, until: startOfTest + hourMs })));
  expect(bench.phase).toBe('TrustBoth');

  bench.clock.advance(2 * hourMs);
  await bench.obey();

  expect(bench.phase).toBe('TrustBoth');
  expect(state()).toMatchObject({ problem: expect.stringContaining('expired on') });
  expect(pemsOf(bench.file('tls.crt'))).toHaveLength(1);
  bench.secrets.held.set(key, first);
  await look();
  expect([bench.phase, issuer()]).toEqual(['none', issuerIn(first)]);
});

test('issuedAfter replaces no root that was brought: there is no other', async () => {
  await withIntermediate();

  await bench.wish({ issuedAfterMs: bench.clock.now() });

  expect(bench.issuer.state().root).toMatchObject({ rotation: null, last: null });
});

test('an intermediate that cannot sign lists waits until revoked certificates have expired', async () => {
  await withBuiltIn();
  await bench.wish({}, bench.clock.now());
  bench.clock.advance(125_000);
  await until('a list is signed', () => bench.own?.revocationList != null);
  await bench.sleeps();
  const issuedAfterMs = bench.clock.now() - 125_000;
  bench.secrets.held.set(key, first);
  bench.authority = intermediate;

  await bench.wish({}, issuedAfterMs);
  expect([bench.phase, state()]).toMatchObject(['none', { isAsWanted: false, isHeldByRevocations: true }]);
  expect(bench.own?.revocationList).not.toBeNull();

  bench.clock.advance(25 * hourMs);
  await until('it is taken', () => issuer() === issuerIn(first));
  expect(bench.own?.revocationList).toBeNull();
});

test.each<[string, () => Promise<SecretData>, string]>([
  [
    'the key of the present one under another root',
    async () => {
      const [before, other] = [await made({ by: root }), await made()];
      await withIntermediate(secretOf(root, before));
      return secretOf(other, await made({ by: other, keys: before.keys }));
    },
    'has the key that signs certificates at present, but another root. Use another key.',
  ],
  [
    'a root that only its key tells from the present one',
    async () => {
      const [before, other] = [await bare({ name: 'root' }), await bare({ name: 'root' })];
      await withIntermediate(secretOf(before, await bare({ by: before })));
      return secretOf(other, await bare({ by: other }));
    },
    'has a root with the same subject as the present one. Give the root another subject, or both a subject key identifier.',
  ],
])('%s is refused', async (_, data, why) => {
  await ask(await data());

  expect([bench.phase, state()]).toMatchObject(['none', { problem: expect.stringContaining(why) }]);
});

test('one that expired is told, and is taken again when it was renewed', async () => {
  const short = secretOf(root, await made({ by: root, until: startOfTest + 5 * hourMs }));
  await withIntermediate(short);
  expect(state()).toMatchObject({ expiry: { isSoon: false, root: new Date(startOfTest + 3650 * dayMs) } });

  bench.clock.advance(4 * hourMs);
  await bench.sleeps();
  expect(state()).toMatchObject({
    expiry: { isSoon: true, intermediate: new Date(startOfTest + 5 * hourMs) },
  });
  bench.clock.advance(2 * hourMs);
  await bench.sleeps();
  expect(bench.issuer.state().problems).toEqual([
    expect.stringContaining('The intermediate or its root expired on 2026-05-01T17:00:00.000Z.'),
  ]);

  bench.secrets.held.set(key, first);
  await look();
  expect(bench.issuer.state().problems).toEqual([]);
  expect(issuer()).toBe(issuerIn(first));
});
