// Replaced certificates are remembered, and those issued before `issuedAfter` revoked: by the leader, for every replica, over restarts.
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Authority } from '../../../operator/certificates/authority.ts';
import { openStoredAuthority } from '../../../operator/certificates/stored-authority.ts';
import { createIssuer } from '../../../operator/certificates/issuer.ts';
import type { Issuer } from '../../../operator/certificates/issuer-ports.ts';
import { revocationSecretName, rootSecretName } from '../../../operator/certificates/names.ts';
import { revocationDelayMs } from '../../../operator/certificates/replaced-leaves.ts';
import { serialText } from '../../../operator/certificates/root.ts';
import type { ServerCertificate } from '../../../operator/certificates/server-certificate.ts';
import type { CertificatesIr } from '../../../operator/ir/mesh-ir.ts';
import { sampleRootRotation } from '../../support/mesh-samples.ts';
import type { Evidence } from '../../../operator/certificates/rotation.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MemorySecrets } from '../../support/memory-secrets.ts';
import { type LogLine, rememberingLog } from '../../support/remembering-log.ts';
import { until } from '../../support/until.ts';
import { hourMs, identity, startOfTest } from './support.ts';

const namespace = 'meshwright-system';
const ownKey = `${namespace}/${revocationSecretName}`;
const reviews = identity('shop', 'reviews');
const reviewsKey = 'shop/meshwright-reviews';
const ratings = identity('shop', 'ratings');
const running: Issuer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map(async (issuer) => issuer.stop()));
});

interface World {
  readonly secrets: MemorySecrets;
  readonly clock: FakeClock;
}

interface Replica extends World {
  readonly issuer: Issuer;
  readonly lines: LogLine[];
  /** The list that its server and its sidecars have. */
  list(): string | null;
}

const world = (): World => ({ secrets: new MemorySecrets(), clock: new FakeClock(startOfTest) });
const wish = (issuedAfterMs: number | null): CertificatesIr => ({
  authority: { type: 'BuiltIn' },
  ttlMs: 24 * hourMs,
  issuedAfterMs,
  rootRotation: sampleRootRotation,
});

async function start({ secrets, clock }: World, leads = true): Promise<Replica> {
  const { log, lines } = rememberingLog();
  const settings = { secrets, namespace, secretName: rootSecretName, trustDomain: 'cluster.local' };
  const openAuthority = (): Promise<Authority> => openStoredAuthority({ ...settings, now: clock.now });
  const evidence = (): Evidence => ({ publishedTrust: null, proxies: [] });
  const issuer = createIssuer({ openAuthority, secrets, namespace, clock, log, evidence, settleMs: 0 });
  running.push(issuer);
  if (leads) issuer.onStartedLeading();
  let served: ServerCertificate | undefined;
  const take = (next: ServerCertificate): void => void (served = next);
  const first = issuer.serverCertificate({ spiffeId: 'spiffe://cluster.local/own', ttlMs: hourMs }, take);
  await issuer.start();
  served ??= await first;
  return { secrets, clock, issuer, lines, list: () => served?.revocationList ?? null };
}

/** Wakes it for this, and waits until it sleeps. */
async function wanted(replica: Replica, certificates: CertificatesIr, ids = [reviews]): Promise<void> {
  replica.issuer.setIdentities(ids, certificates);
  await idle(replica);
}

async function idle({ clock }: World): Promise<void> {
  await until('the issuers sleep', () => clock.pending === running.length);
}

async function pass(w: World, ms: number): Promise<void> {
  w.clock.advance(ms);
  await idle(w);
}

function serialIn({ secrets }: World, key = reviewsKey): string {
  return serialText(new X509Certificate(secrets.held.get(key)?.['tls.crt'] ?? '').serialNumber);
}

function serialsOn(list: string | null): readonly string[] {
  if (list === null) return [];
  const { entries } = new x509.X509Crl(x509.PemConverter.decodeFirst(list));
  return entries.map(({ serialNumber }) => serialText(serialNumber));
}

describe('a certificate that was replaced because of issuedAfter', () => {
  test('is revoked after the delay, and not before', async () => {
    const leader = await start(world());
    await wanted(leader, wish(null));
    const old = serialIn(leader);
    await pass(leader, 10_000);

    await wanted(leader, wish(leader.clock.now()));
    expect(serialIn(leader)).not.toBe(old);
    await pass(leader, revocationDelayMs - 1000);
    expect(leader.list()).toBeNull();
    await pass(leader, 1000);

    expect(serialsOn(leader.list())).toEqual([old]);
    expect(serialsOn(leader.list())).not.toContain(serialIn(leader));
  });

  test('is off the list, and forgotten, when it has expired', async () => {
    const leader = await start(world());
    await wanted(leader, wish(null));
    await pass(leader, 10_000);
    await wanted(leader, wish(leader.clock.now()));
    await pass(leader, revocationDelayMs);
    expect(leader.list()).not.toBeNull();

    for (let hour = 0; hour < 25; hour += 1) {
      // oxlint-disable-next-line no-await-in-loop -- renewals happen on the way
      await pass(leader, hourMs);
    }

    expect(leader.list()).toBeNull();
    expect(leader.secrets.held.get(ownKey)).not.toHaveProperty(['crl.pem']);
  });

  test('stays revoked when issuedAfter is taken away', async () => {
    const leader = await start(world());
    await wanted(leader, wish(null));
    const old = serialIn(leader);
    await pass(leader, 10_000);
    await wanted(leader, wish(leader.clock.now()));

    await wanted(leader, wish(null));
    await pass(leader, revocationDelayMs);

    expect(serialsOn(leader.list())).toEqual([old]);
  });

  test('is not revoked while its successor cannot be written, and is once it can', async () => {
    const leader = await start(world());
    await wanted(leader, wish(null), [reviews, ratings]);
    const [old, other] = [serialIn(leader), serialIn(leader, 'shop/meshwright-ratings')];
    await pass(leader, 10_000);
    leader.secrets.refused.add(reviewsKey);

    await wanted(leader, wish(leader.clock.now()), [reviews, ratings]);
    for (let minute = 0; minute < 8; minute += 0.5) {
      // oxlint-disable-next-line no-await-in-loop -- it tries again on the way
      await pass(leader, 30_000);
    }
    expect(serialsOn(leader.list())).toEqual([other]);
    leader.secrets.refused.clear();
    await pass(leader, 60_000);
    await pass(leader, revocationDelayMs);

    expect(serialsOn(leader.list()).toSorted()).toEqual([old, other].toSorted());
  });

  test('stays as it is while it cannot be remembered', async () => {
    const leader = await start(world());
    await wanted(leader, wish(null));
    const old = serialIn(leader);
    await pass(leader, 10_000);
    leader.secrets.refused.add(ownKey);

    await wanted(leader, wish(leader.clock.now()));
    expect(serialIn(leader)).toBe(old);
    expect(leader.issuer.state().problems).toEqual([
      'Replaced certificates cannot be remembered for revocation: namespace is being deleted. ' +
        'Those issued before spec.certificates.issuedAfter stay until they can.',
      'Replaced certificates cannot be revoked: namespace is being deleted.',
    ]);
    leader.secrets.refused.clear();
    await pass(leader, 2_000);

    expect(serialIn(leader)).not.toBe(old);
    expect(leader.issuer.state().problems).toEqual([]);
  });
});

test('renewal revokes nothing, but is remembered: a later issuedAfter revokes what was renewed before it', async () => {
  const leader = await start(world());
  await wanted(leader, wish(null));
  const first = serialIn(leader);
  for (let hour = 0; hour < 14; hour += 1) {
    // oxlint-disable-next-line no-await-in-loop -- so that it is renewed about when it is due
    await pass(leader, hourMs);
  }
  const second = serialIn(leader);
  expect(second).not.toBe(first);
  expect(leader.list()).toBeNull();

  await wanted(leader, wish(leader.clock.now()));
  await pass(leader, revocationDelayMs);

  expect(serialsOn(leader.list()).toSorted()).toEqual([first, second].toSorted());
});

describe('replicas', () => {
  test('serve the same bytes, those that do not lead a few seconds later', async () => {
    const w = world();
    const leader = await start(w);
    const follower = await start(w, false);
    await wanted(leader, wish(null));
    await wanted(follower, wish(null));
    await pass(w, 10_000);
    const now = w.clock.now();
    await wanted(leader, wish(now));
    await wanted(follower, wish(now));

    await pass(w, revocationDelayMs);
    await pass(w, 5_000);

    expect(leader.list()).not.toBeNull();
    expect(follower.list()).toBe(leader.list());
  });

  test('a new leader serves what the old one signed, and goes on from there', async () => {
    const w = world();
    const old = await start(w);
    await wanted(old, wish(null));
    const serial = serialIn(w);
    await pass(w, 10_000);
    await wanted(old, wish(w.clock.now()));
    await running.shift()?.stop();

    const next = await start(w);
    await wanted(next, wish(w.clock.now() - 1000));
    await pass(w, revocationDelayMs);
    const list = next.list();
    expect(serialsOn(list)).toEqual([serial]);
    await running.shift()?.stop();

    expect((await start(w, false)).list()).toBe(list);
  });
});

describe('the Secret of the list', () => {
  async function withList(): Promise<Replica> {
    const leader = await start(world());
    await wanted(leader, wish(null));
    await pass(leader, 10_000);
    await wanted(leader, wish(leader.clock.now()));
    await pass(leader, revocationDelayMs);
    expect(leader.list()).not.toBeNull();
    return leader;
  }

  test.each([
    ['deleted', undefined],
    ['damaged', { 'replaced.json': '{', 'ca.crt': '', 'crl.pem': 'x' }],
  ])('%s: the list stays in force, and is written again', async (_what, data) => {
    const leader = await withList();
    const [list, stored] = [leader.list(), leader.secrets.held.get(ownKey)];
    if (data === undefined) leader.secrets.held.delete(ownKey);
    else leader.secrets.held.set(ownKey, data);

    await pass(leader, 300_000);

    expect(leader.list()).toBe(list);
    expect(leader.secrets.held.get(ownKey)).toEqual(stored);
  });

  test('of another root is of no use: Envoy would refuse everybody', async () => {
    const leader = await withList();
    leader.secrets.held.delete(`${namespace}/${rootSecretName}`);

    await pass(leader, 300_000);

    expect(leader.list()).toBeNull();
  });
});

test('a root that may not sign lists revokes nothing, and the log says so once', async () => {
  const w = world();
  w.secrets.held.set(`${namespace}/${rootSecretName}`, await rootWithoutListSigning(w.clock.now()));
  const leader = await start(w);
  await wanted(leader, wish(null));
  const old = serialIn(leader);
  await pass(w, 10_000);
  await wanted(leader, wish(w.clock.now()));
  await pass(w, revocationDelayMs);
  await pass(w, 300_000);

  expect(serialIn(leader)).not.toBe(old);
  expect(leader.list()).toBeNull();
  expect(w.secrets.held.has(ownKey)).toBe(false);
  expect(leader.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
    'replaced certificates stay valid until they expire: the certificate authority cannot sign revocation lists',
  ]);
});

async function rootWithoutListSigning(now: number): Promise<Record<string, string>> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '5f',
    name: 'CN=a root of one’s own',
    notBefore: new Date(now - hourMs),
    notAfter: new Date(now + 1000 * hourMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { 'tls.crt': certificate.toString('pem'), 'tls.key': x509.PemConverter.encode(key, 'PRIVATE KEY') };
}
