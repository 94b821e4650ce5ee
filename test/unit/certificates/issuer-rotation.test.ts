import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openStoredAuthority } from '../../../operator/certificates/stored-authority.ts';
import { pemsOf } from '../../../operator/certificates/pems.ts';
import { sampleRootRotation } from '../../support/mesh-samples.ts';
import { until } from '../../support/until.ts';
import { Bench, namespace, rootKey, stopAll } from './rotation-bench.ts';
import { hourMs, identity, startOfTest } from './support.ts';

let bench: Bench;

beforeEach(async () => {
  bench = new Bench();
  await bench.start();
  await bench.wish({});
  bench.clock.advance(2_000);
  await bench.sleeps();
});
afterEach(stopAll);

const soon = { issuedAfterMs: startOfTest + 1_000 };

function signerOf(certificate: string, bundle: string): string | undefined {
  const leaf = new X509Certificate(certificate);
  return pemsOf(bundle).find((pem) => leaf.verify(new X509Certificate(pem).publicKey));
}

test('a root that is too old is replaced by another one, and its key is gone', async () => {
  const before = bench.secrets.held.get(rootKey);

  await bench.wish(soon);

  const after = bench.secrets.held.get(rootKey);
  expect(bench.phase).toBe('none');
  expect(bench.issuer.state().root?.last).toEqual({ outcome: 'Completed', atMs: bench.clock.now() });
  expect(after?.['tls.crt']).not.toBe(before?.['tls.crt']);
  expect(JSON.stringify(after)).not.toContain(JSON.stringify(before?.['tls.key']).slice(1, -1));
  expect(bench.file('ca.crt')).toBe(after?.['tls.crt']);
  expect(signerOf(bench.file('tls.crt'), bench.file('ca.crt'))).toBeDefined();
  expect(bench.own).toMatchObject({
    trustBundle: after?.['tls.crt'],
    controlPlaneBundle: after?.['tls.crt'],
  });
  expect(bench.replaced).toEqual(['reviews']);
});

test.each([true, false])(
  'a root that expires soon: each operator looks when it is due (leading: %p)',
  async (isLeading) => {
    const { root } = bench.issuer.state();
    const renewBeforeMs = (root?.facts.notAfterMs ?? 0) - bench.clock.now() - 9_000;
    if (!isLeading) await bench.issuer.onStoppedLeading();

    await bench.wish({ renewBeforeMs });
    expect([bench.phase, bench.clock.untilNextMs()]).toEqual(['none', 9_000]);
    bench.clock.advance(9_000);
    await bench.sleeps();

    const last = isLeading ? { outcome: 'Completed', atMs: bench.clock.now() } : null;
    expect(bench.issuer.state().root?.last).toEqual(last);
    // Who does not lead looks again soon; the new root is due as long after its issue as the former one was.
    expect(bench.clock.untilNextMs()).toBe(isLeading ? 11_000 : 5_000);
  },
);

test('until a sidecar trusts both roots its certificate stays; its file and operators trust both before', async () => {
  const [leaf, root] = [bench.file('tls.crt'), bench.file('ca.crt')];
  bench.isObedient = false;

  await bench.wish(soon);

  expect(bench.phase).toBe('TrustBoth');
  expect(bench.file('tls.crt')).toBe(leaf);
  expect(pemsOf(bench.file('ca.crt'))).toHaveLength(2);
  expect(bench.own?.trustBundle).toBe(bench.file('ca.crt'));
  expect(`${signerOf(bench.own?.certificate ?? '', bench.file('ca.crt'))}\n`).toBe(root);
  expect(bench.replaced).toEqual([]);
});

test('another operator goes on where the first one was', async () => {
  bench.isObedient = false;
  await bench.wish(soon);
  await bench.issuer.stop();

  const next = new Bench(bench.secrets, bench.clock);
  next.isObedient = false;
  await next.start();
  await next.wish(soon);
  expect(next.phase).toBe('TrustBoth');
  await next.obey();

  expect(next.phase).toBe('none');
  expect(next.issuer.state().root?.last?.outcome).toBe('Completed');
});

test('a sidecar that does not show its new certificate is refreshed until it does, also by the next operator', async () => {
  bench.staleFile = bench.file('tls.crt');
  await bench.wish(soon);
  expect([bench.phase, bench.replaced]).toEqual(['Switch', ['reviews']]);
  await bench.passes(14_000);
  expect(bench.overdue).toEqual([]);
  await bench.passes(31_000);
  expect(bench.overdue).toEqual(['Pod/shop/reviews', 'Pod/shop/reviews']);
  await bench.issuer.stop();

  const next = new Bench(bench.secrets, bench.clock);
  next.staleFile = bench.staleFile;
  await next.start();
  await next.wish(soon);
  await next.passes(10_000);
  expect([next.replaced, next.overdue]).toEqual([[], []]);
  await next.passes(10_000);
  expect([next.replaced, next.overdue]).toEqual([[], ['Pod/shop/reviews']]);
  next.staleFile = undefined;
  await next.obey();

  expect(next.phase).toBe('none');
});

test('an operator that does not lead takes no step, and serves what the leader stored', async () => {
  bench.isObedient = false;
  await bench.wish(soon);

  const follower = new Bench(bench.secrets, bench.clock, false);
  await follower.start();
  await follower.wish(soon);

  expect(follower.phase).toBe('TrustBoth');
  expect(follower.own?.trustBundle).toBe(bench.own?.trustBundle);
});

test('an abort leaves the root as it was, and none starts until rotations may proceed', async () => {
  const before = bench.file('ca.crt');
  bench.isObedient = false;
  await bench.wish(soon);

  await bench.wish({ ...soon, mode: 'Abort' });
  expect(bench.phase).toBe('Retire back');
  await bench.obey();

  expect([bench.phase, bench.issuer.state().root?.last?.outcome]).toEqual(['none', 'Aborted']);
  expect(bench.file('ca.crt')).toBe(before);
  await bench.wish(soon);
  expect(bench.issuer.state().root?.last?.outcome).toBe('Completed');
});

test('somebody who stored another step meanwhile wins', async () => {
  bench.isObedient = false;
  await bench.wish(soon);
  const stored = bench.secrets.held.get(rootKey) ?? {};
  const authority = await openStoredAuthority({
    secrets: bench.secrets,
    namespace,
    secretName: 'meshwright-ca',
    trustDomain: 'cluster.local',
    now: bench.clock.now,
  });
  bench.secrets.held.set(rootKey, { ...stored, 'rotation.json': `${stored['rotation.json']} ` });

  expect(await authority.rotating.take({ type: 'end', outcome: 'Completed' })).toBe(false);
  expect(bench.secrets.held.get(rootKey)?.['other.key']).toBe(stored['other.key']);
});

test('a list of revoked certificates is signed by both roots before sidecars trust both', async () => {
  await bench.wish({}, bench.clock.now());
  bench.clock.advance(125_000);
  await until('a list is signed', () => bench.own?.revocationList != null);
  await bench.sleeps();
  bench.isObedient = false;

  await bench.wish({ issuedAfterMs: bench.clock.now() }, bench.clock.now());

  expect(bench.phase).toBe('TrustBoth');
  expect(bench.own?.revocationList?.match(/BEGIN X509 CRL/g)).toHaveLength(2);
  await bench.obey();
  expect(bench.phase).toBe('none');
  expect(bench.own?.revocationList).not.toBeNull();
});

test('a Secret that cannot be written, such as one of a tenant, holds up nobody else', async () => {
  bench.secrets.refused.add('bank/meshwright-other');
  const root = bench.secrets.held.get(rootKey)?.['tls.crt'];

  bench.issuer.setIdentities([identity('shop', 'reviews'), identity('bank', 'other')], {
    authority: { type: 'BuiltIn' },
    ttlMs: 24 * hourMs,
    issuedAfterMs: null,
    rootRotation: { ...sampleRootRotation, ...soon },
  });
  await until('the root was replaced', () => bench.issuer.state().root?.last?.outcome === 'Completed');

  expect(bench.secrets.held.get(rootKey)?.['tls.crt']).not.toBe(root);
  expect(bench.issuer.state().problems).toEqual([expect.stringContaining('bank/meshwright-other')]);
});

test('a damaged state of the rotation stops issuance, and says so', async () => {
  bench.secrets.held.set(rootKey, { ...bench.secrets.held.get(rootKey), 'rotation.json': '{' });

  await bench.wish(soon);

  expect(bench.issuer.state().problems).toEqual([
    'rotation.json in Secret meshwright-system/meshwright-ca cannot be read, so that nobody knows how far the rotation of the root is. Restore Secret meshwright-system/meshwright-ca from a backup.',
  ]);
});
