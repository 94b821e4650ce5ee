import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openBuiltInAuthority } from '../../../operator/certificates/built-in.ts';
import type { Issuer } from '../../../operator/certificates/issuer-ports.ts';
import { createIssuer } from '../../../operator/certificates/issuer.ts';
import { presentedLeaf } from '../../../operator/certificates/presented-leaf.ts';
import { pemsOf } from '../../../operator/certificates/renewal.ts';
import type { ProxyProof } from '../../../operator/certificates/rotation.ts';
import type { ServerCertificate } from '../../../operator/certificates/server-certificate.ts';
import type { RootRotationIr } from '../../../operator/ir/mesh-ir.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MemorySecrets } from '../../support/memory-secrets.ts';
import { sampleRootRotation } from '../../support/mesh-samples.ts';
import { rememberingLog } from '../../support/remembering-log.ts';
import { until } from '../../support/until.ts';
import { hourMs, identity, startOfTest } from './support.ts';

const namespace = 'meshwright-system';
const rootKey = `${namespace}/meshwright-ca`;
const reviewsKey = 'shop/meshwright-reviews';

/** An issuer, and one sidecar that obeys it or does not. */
class Bench {
  readonly secrets: MemorySecrets;
  readonly clock: FakeClock;
  readonly issuer: Issuer;
  readonly replaced: string[] = [];
  own: ServerCertificate | undefined;
  acknowledged = '';
  isObedient = true;

  constructor(secrets = new MemorySecrets(), clock = new FakeClock(startOfTest), isLeading = true) {
    [this.secrets, this.clock] = [secrets, clock];
    const settings = { secrets, namespace, secretName: 'meshwright-ca', trustDomain: 'cluster.local' };
    this.issuer = createIssuer({
      openAuthority: () => openBuiltInAuthority({ ...settings, now: clock.now }),
      secrets,
      namespace,
      clock,
      log: rememberingLog().log,
      onReplaced: ({ serviceAccount }) => this.replaced.push(serviceAccount),
      evidence: () => ({ publishedTrust: this.own?.trustBundle ?? null, proxies: [this.#sidecar()] }),
      settleMs: 0,
    });
    running.push(this.issuer);
    if (isLeading) this.issuer.onStartedLeading();
  }

  async start(): Promise<void> {
    const take = (next: ServerCertificate): void => void (this.own = next);
    const first = this.issuer.serverCertificate(
      { spiffeId: 'spiffe://cluster.local/own', ttlMs: hourMs },
      take,
    );
    await this.issuer.start();
    this.own ??= await first;
  }

  async wish(rootRotation: Partial<RootRotationIr>, issuedAfterMs: number | null = null): Promise<void> {
    const certificates = { ttlMs: 24 * hourMs, issuedAfterMs };
    this.issuer.setIdentities([identity('shop', 'reviews')], {
      ...certificates,
      rootRotation: { ...sampleRootRotation, ...rootRotation },
    });
    await this.sleeps();
  }

  async obey(): Promise<void> {
    [this.isObedient, this.acknowledged] = [true, this.own?.trustBundle ?? ''];
    this.issuer.evidenceChanged();
    await this.sleeps();
  }

  async sleeps(): Promise<void> {
    await until('the issuer sleeps', () => this.clock.untilNextMs() !== undefined);
  }

  get phase(): string {
    const { rotation } = this.issuer.state().root ?? {};
    return rotation == null ? 'none' : `${rotation.phase}${rotation.isBack ? ' back' : ''}`;
  }

  file(name: string): string {
    return this.secrets.held.get(reviewsKey)?.[name] ?? '';
  }

  #sidecar(): ProxyProof {
    if (this.isObedient) this.acknowledged = this.own?.trustBundle ?? '';
    const leaf = presentedLeaf(new X509Certificate(this.file('tls.crt')).raw, this.file('ca.crt'));
    const hasPublishedTrust = this.acknowledged === this.own?.trustBundle;
    return { workload: 'Pod/shop/reviews', isConnected: true, missingSince: null, hasPublishedTrust, leaf };
  }
}

const running: Issuer[] = [];
let bench: Bench;

beforeEach(async () => {
  bench = new Bench();
  await bench.start();
  await bench.wish({});
  bench.clock.advance(2_000);
  await bench.sleeps();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map(async (issuer) => issuer.stop()));
});

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
  const authority = await openBuiltInAuthority({
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
