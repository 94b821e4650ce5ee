import { X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openStoredAuthority } from '../../../operator/certificates/stored-authority.ts';
import type { CertificatesIr } from '../../../operator/ir/mesh-ir.ts';
import type { Issuer } from '../../../operator/certificates/issuer-ports.ts';
import { createIssuer } from '../../../operator/certificates/issuer.ts';
import { rootSecretName } from '../../../operator/certificates/names.ts';
import type { ServerCertificate } from '../../../operator/certificates/server-certificate.ts';
import { hourMs, identity, startOfTest } from './support.ts';
import { MemorySecrets } from '../../support/memory-secrets.ts';
import { type LogLine, rememberingLog } from '../../support/remembering-log.ts';
import { until } from '../../support/until.ts';
import { sampleRootRotation } from '../../support/mesh-samples.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const rootKey = 'meshwright-system/meshwright-ca';
const reviews = identity('shop', 'reviews');
const ratings = identity('shop', 'ratings');
const running: Issuer[] = [];

const lasting = (ttlMs: number): CertificatesIr => ({
  authority: { type: 'BuiltIn' },
  ttlMs,
  issuedAfterMs: null,
  rootRotation: sampleRootRotation,
});

interface Bench {
  readonly issuer: Issuer;
  readonly secrets: MemorySecrets;
  readonly clock: FakeClock;
  readonly lines: LogLine[];
  readonly replaced: string[];
  changes: number;
}

function bench(secrets = new MemorySecrets(), clock = new FakeClock(startOfTest)): Bench {
  const { log, lines } = rememberingLog();
  const [namespace, secretName] = ['meshwright-system', rootSecretName];
  const settings = { secrets, namespace, secretName, trustDomain: 'cluster.local', now: clock.now };
  const made: Bench = {
    secrets,
    clock,
    lines,
    replaced: [],
    changes: 0,
    issuer: createIssuer({
      openAuthority: async () => openStoredAuthority(settings),
      secrets,
      namespace,
      clock,
      log,
      onReplaced: ({ serviceAccount }) => made.replaced.push(serviceAccount),
      evidence: () => ({ publishedTrust: null, proxies: [] }),
      settleMs: 0,
      onChange: () => {
        made.changes += 1;
      },
    }),
  };
  running.push(made.issuer);
  made.issuer.onStartedLeading();
  return made;
}

/** All rounds are over: a timer is set again. */
async function idle({ clock }: Bench): Promise<void> {
  await until('the issuer sleeps', () => clock.untilNextMs() !== undefined);
}

function certificateIn(secrets: MemorySecrets, key: string): X509Certificate {
  return new X509Certificate(secrets.held.get(key)?.['tls.crt'] ?? '');
}

afterEach(async () => {
  await Promise.all(running.splice(0).map(async (issuer) => issuer.stop()));
});

describe('identities', () => {
  test('each gets a Secret with certificate, key, roots and labels', async () => {
    const b = bench();
    b.issuer.setIdentities([reviews, ratings], lasting(24 * hourMs));

    await b.issuer.start();

    const held = b.secrets.held.get('shop/meshwright-reviews');
    expect([...b.secrets.held.keys()].toSorted()).toEqual([
      rootKey,
      'shop/meshwright-ratings',
      'shop/meshwright-reviews',
    ]);
    expect(Object.keys(held ?? {})).toEqual(['tls.crt', 'tls.key', 'ca.crt']);
    expect(held?.['ca.crt']).toBe(b.secrets.held.get(rootKey)?.['tls.crt']);
    expect(certificateIn(b.secrets, 'shop/meshwright-reviews').subjectAltName).toBe(
      `URI:${reviews.spiffeId}`,
    );
    expect(b.secrets.labels.get('shop/meshwright-reviews')).toEqual({
      'app.kubernetes.io/managed-by': 'meshwright',
      'meshwright.dev/service-account': 'reviews',
    });
    expect(b.issuer.state()).toMatchObject({ issued: 2, problems: [] });
    expect(b.issuer.ready()).toBe(true);
  });

  test('nothing is issued again after a restart', async () => {
    const before = bench();
    before.issuer.setIdentities([reviews, ratings], lasting(24 * hourMs));
    await before.issuer.start();
    await before.issuer.stop();
    const writes = [...before.secrets.writes];

    const after = bench(before.secrets);
    after.issuer.setIdentities([reviews, ratings], lasting(24 * hourMs));
    await after.issuer.start();

    expect(after.secrets.writes).toEqual(writes);
    expect(after.issuer.state()).toEqual({ ...before.issuer.state(), issued: 0 });
  });

  test('the same identities again read nothing', async () => {
    const b = bench();
    b.issuer.setIdentities([reviews], lasting(24 * hourMs));
    await b.issuer.start();
    const { reads } = b.secrets;

    b.issuer.setIdentities([{ ...reviews }], lasting(24 * hourMs));
    await idle(b);

    expect(b.secrets.reads).toBe(reads);
  });
});

describe('keeping them good', () => {
  test('a certificate is renewed at half of its life, and not before', async () => {
    const b = bench();
    b.issuer.setIdentities([reviews], lasting(24 * hourMs));
    await b.issuer.start();
    const first = certificateIn(b.secrets, 'shop/meshwright-reviews').serialNumber;
    const due = b.issuer.state().nextRenewal?.getTime() ?? 0;

    b.clock.advance(due - startOfTest - 1_000);
    await idle(b);
    const early = certificateIn(b.secrets, 'shop/meshwright-reviews').serialNumber;
    b.clock.advance(1_000);
    await idle(b);

    expect(Math.abs(due - startOfTest - 12 * hourMs)).toBeLessThanOrEqual(1.2 * hourMs);
    expect(early).toBe(first);
    expect(certificateIn(b.secrets, 'shop/meshwright-reviews').serialNumber).not.toBe(first);
    expect(b.issuer.state().issued).toBe(2);
  });

  test('a Secret that was deleted is written again within five minutes', async () => {
    const b = bench();
    b.issuer.setIdentities([reviews], lasting(24 * hourMs));
    await b.issuer.start();
    b.secrets.held.delete('shop/meshwright-reviews');

    b.clock.advance(300_000);
    await idle(b);

    expect(b.secrets.held.has('shop/meshwright-reviews')).toBe(true);
  });

  test('a Secret is looked at as soon as somebody says that it is needed', async () => {
    const b = bench();
    b.issuer.setIdentities([reviews], lasting(24 * hourMs));
    await b.issuer.start();
    b.secrets.held.delete('shop/meshwright-reviews');

    b.issuer.recheck([reviews]);
    await idle(b);

    expect(b.secrets.held.has('shop/meshwright-reviews')).toBe(true);
  });

  test('of many Secrets one is looked at every six seconds, each in its turn', async () => {
    const b = bench();
    const names = Array.from({ length: 150 }, (_, index) => `account-${index}`);
    b.issuer.setIdentities(
      names.map((name) => identity('shop', name)),
      lasting(24 * hourMs),
    );
    await b.issuer.start();
    const before = b.secrets.reads;
    for (const name of names.slice(0, 60)) b.secrets.held.delete(`shop/meshwright-${name}`);
    const missing = (): number =>
      names.filter((name) => !b.secrets.held.has(`shop/meshwright-${name}`)).length;
    const passMinutes = async (minutes: number): Promise<void> => {
      for (let round = 0; round < minutes * 2; round += 1) {
        b.clock.advance(30_000);
        await idle(b);
      }
    };

    await passMinutes(7);
    const halfway = missing();
    await passMinutes(8);

    expect(halfway).toBeGreaterThan(10);
    expect(halfway).toBeLessThan(50);
    expect(missing()).toBe(0);
    // Two more of the root in each round.
    expect(b.secrets.reads - before).toBeLessThan(170 + 100);
  });

  test('one whose Secret cannot be written is tried again with back-off and does not stop the others', async () => {
    const b = bench();
    b.secrets.refused.add('shop/meshwright-ratings');
    b.issuer.setIdentities([ratings, reviews], lasting(24 * hourMs));

    await b.issuer.start();
    const problems = b.issuer.state().problems;
    const waits: (number | undefined)[] = [];
    for (let n = 0; n < 8; n += 1) {
      waits.push(b.clock.untilNextMs());
      b.clock.advance(b.clock.untilNextMs() ?? 0);
      // oxlint-disable-next-line no-await-in-loop -- one round after the other
      await idle(b);
    }
    b.secrets.refused.clear();
    b.clock.advance(60_000);
    await idle(b);

    expect(problems).toEqual([
      'The certificate in Secret shop/meshwright-ratings cannot be issued: namespace is being deleted.',
    ]);
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(b.issuer.state()).toMatchObject({ issued: 2, problems: [] });
    expect(b.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});

describe('certificates issued before a time', () => {
  const wish = (issuedAfterMs: number): CertificatesIr => ({
    ...lasting(24 * hourMs),
    issuedAfterMs,
  });

  test('are replaced at once, once, and who uses them is told', async () => {
    const b = bench();
    b.issuer.setIdentities([reviews, ratings], lasting(24 * hourMs));
    await b.issuer.start();
    const before = b.secrets.held.get('shop/meshwright-reviews');
    b.clock.advance(10_000);
    b.issuer.setIdentities([reviews, ratings], wish(b.clock.now() + 400));
    b.clock.advance(1_000);
    b.issuer.setIdentities([reviews, ratings], wish(b.clock.now() - 100));
    await until('both are replaced', () => b.replaced.length === 2);
    await idle(b);
    b.issuer.setIdentities([reviews, ratings], wish(b.clock.now() - 99));
    await idle(b);

    expect(b.replaced.toSorted()).toEqual(['ratings', 'reviews']);
    expect(b.secrets.held.get('shop/meshwright-reviews')).not.toEqual(before);
  });

  test('stay while the time is still to come', async () => {
    const b = bench();
    b.issuer.setIdentities([reviews], lasting(24 * hourMs));
    await b.issuer.start();
    b.issuer.setIdentities([reviews], wish(b.clock.now() + hourMs));
    await idle(b);

    expect(b.issuer.state().issued).toBe(1);
  });
});

test('of several operators the one that follows serves its own certificate and writes no Secret', async () => {
  const b = bench();
  await b.issuer.onStoppedLeading();
  b.issuer.setIdentities([reviews], lasting(24 * hourMs));
  const own = b.issuer.serverCertificate(
    { spiffeId: 'spiffe://cluster.local/ns/x/sa/y', ttlMs: 24 * hourMs },
    () => undefined,
  );
  await b.issuer.start();
  await own;
  const before = [...b.secrets.held.keys()];
  b.issuer.onStartedLeading();
  await until('it was issued', () => b.secrets.held.has('shop/meshwright-reviews'));

  expect(before).toEqual([`meshwright-system/${rootSecretName}`]);
});

describe('an unusable root', () => {
  test('is a problem in the state, leaves certificates alone, and ends without a restart once repaired', async () => {
    const b = bench();
    b.issuer.setIdentities([reviews], lasting(24 * hourMs));
    await b.issuer.start();
    const root = b.secrets.held.get(rootKey) ?? {};
    const leaf = b.secrets.held.get('shop/meshwright-reviews');
    const damaged = { ...root, 'tls.key': 'lost' };
    b.secrets.held.set(rootKey, damaged);

    b.issuer.setIdentities([reviews, ratings], lasting(24 * hourMs));
    await idle(b);
    const { problems } = b.issuer.state();
    const wasReady = b.issuer.ready();
    b.secrets.held.set(rootKey, root);
    b.clock.advance(1_000);
    await idle(b);

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(
      /^The root in Secret meshwright-system\/meshwright-ca has no readable PEM private key/,
    );
    expect(wasReady).toBe(false);
    expect(b.secrets.held.get('shop/meshwright-reviews')).toBe(leaf);
    expect(b.issuer.state()).toMatchObject({ issued: 2, problems: [] });
    expect(b.issuer.ready()).toBe(true);
    expect(b.changes).toBeGreaterThanOrEqual(3);
  });

  test('that was replaced by another makes every certificate anew', async () => {
    const b = bench();
    b.issuer.setIdentities([reviews], lasting(24 * hourMs));
    await b.issuer.start();
    b.secrets.held.delete(rootKey);

    b.clock.advance(300_000);
    await idle(b);

    const root = new X509Certificate(b.secrets.held.get(rootKey)?.['tls.crt'] ?? '');
    expect(certificateIn(b.secrets, 'shop/meshwright-reviews').verify(root.publicKey)).toBe(true);
    expect(b.secrets.held.get('shop/meshwright-reviews')?.['ca.crt']).toBe(
      b.secrets.held.get(rootKey)?.['tls.crt'],
    );
  });
});

describe('the server certificate', () => {
  const request = {
    spiffeId: 'spiffe://cluster.local/ns/meshwright-system/sa/meshwright',
    dnsNames: ['localhost'],
    ttlMs: hourMs,
  };

  test('is issued at start, handed out again at half of its life, and kept in no Secret', async () => {
    const b = bench();
    const renewed: ServerCertificate[] = [];
    const first = b.issuer.serverCertificate(request, (next) => renewed.push(next));
    await b.issuer.start();

    const given = await first;
    b.clock.advance(0.56 * hourMs);
    await idle(b);

    expect(new X509Certificate(given.certificate).subjectAltName).toBe(
      `URI:${request.spiffeId}, DNS:localhost`,
    );
    expect(given.trustBundle).toBe(b.secrets.held.get(rootKey)?.['tls.crt']);
    expect(renewed).toHaveLength(1);
    expect(renewed[0]?.notAfter.getTime()).toBe(Math.floor(startOfTest + 1.56 * hourMs));
    expect(b.secrets.writes).toEqual([rootKey]);
  });

  test('waits for a root that is repaired later', async () => {
    const b = bench();
    b.secrets.held.set(rootKey, { 'tls.crt': 'x', 'tls.key': 'x' });
    const first = b.issuer.serverCertificate(request, () => undefined);
    await b.issuer.start();
    b.secrets.held.delete(rootKey);

    b.clock.advance(1_000);

    await expect(first).resolves.toMatchObject({ trustBundle: expect.stringContaining('BEGIN CERTIFICATE') });
  });

  test('is refused when the issuer stops before there is one', async () => {
    const b = bench();
    const first = b.issuer.serverCertificate(request, () => undefined);

    await b.issuer.stop();

    await expect(first).rejects.toThrow('the certificate issuer was stopped');
  });
});
