import { describe, expect, test } from '@jest/globals';
import { signLeaf } from '../../../operator/certificates/leaf.ts';
import { jitterOf, needsRenewal, renewAt, type WantedLeaf } from '../../../operator/certificates/renewal.ts';
import { makeRoot, parseRoot, type Root } from '../../../operator/certificates/root.ts';
import type { SecretData } from '../../../operator/ports/platform.ts';
import { hourMs, startOfTest } from './support.ts';

const spiffeId = 'spiffe://cluster.local/ns/shop/sa/reviews';
const ttlMs = 24 * hourMs;

async function newRoot(): Promise<Root> {
  return parseRoot(await makeRoot('cluster.local', startOfTest), 'Secret a/b', startOfTest);
}

async function secretOf(root: Root, life = ttlMs): Promise<SecretData> {
  const pair = await signLeaf(root, { spiffeId, ttlMs: life }, startOfTest);
  return { 'tls.crt': pair.certificate, 'tls.key': pair.privateKey, 'ca.crt': root.certificate };
}

function wanted(root: Root): WantedLeaf {
  const { certificate, issuer, chain, notAfter } = root;
  const signer = { issuer, chain, notAfter, leavesFromMs: 0 };
  return { spiffeId, ttlMs, issuedAfterMs: null, trustBundle: certificate, signer };
}

describe('renewAt', () => {
  const life = { notBefore: new Date(startOfTest - 120_000), notAfter: new Date(startOfTest + 1_000_000) };

  test.each([
    [0, 500_000],
    [-0.05, 450_000],
    [0.05, 550_000],
  ])('with jitter %d is %d ms after a life of 1,000,000 ms began', (jitter, after) => {
    expect(renewAt(life, jitter).getTime()).toBe(startOfTest + after);
  });

  test('lies ahead of issue even when the life is shorter than the back-dating', () => {
    const short = { notBefore: new Date(startOfTest - 120_000), notAfter: new Date(startOfTest + 10_000) };

    expect(renewAt(short, 0).getTime()).toBe(startOfTest + 5_000);
  });

  test('jitter is the same for one identity, within ±5 %, and spreads identities', () => {
    const jitters = Array.from({ length: 200 }, (_, n) => jitterOf(`spiffe://cluster.local/ns/a/sa/${n}`));

    expect(jitterOf(spiffeId)).toBe(jitterOf(spiffeId));
    expect(Math.min(...jitters)).toBeGreaterThanOrEqual(-0.05);
    expect(Math.max(...jitters)).toBeLessThanOrEqual(0.05);
    expect(Math.max(...jitters) - Math.min(...jitters)).toBeGreaterThan(0.08);
  });
});

describe('needsRenewal', () => {
  test('a fresh certificate of the present root needs none', async () => {
    const root = await newRoot();

    expect(needsRenewal(await secretOf(root), wanted(root), startOfTest)).toBeUndefined();
  });

  test('names the reason', async () => {
    const root = await newRoot();
    const other = await newRoot();
    const good = await secretOf(root);
    const foreign = await secretOf(other);
    const at = (data: SecretData | undefined, want = wanted(root), now = startOfTest): unknown =>
      needsRenewal(data, want, now);

    expect({
      noSecret: at(undefined),
      noKey: at({ 'tls.crt': good['tls.crt'] ?? '' }),
      unparsable: at({ ...good, 'tls.crt': 'garbage' }),
      otherKey: at({ ...good, 'tls.key': foreign['tls.key'] ?? '' }),
      otherIdentity: at(good, { ...wanted(root), spiffeId: `${spiffeId}-v2` }),
      otherRoot: at(good, wanted(other)),
      otherRootSameBundle: at({ ...foreign, 'ca.crt': root.certificate }),
      oldBundle: at({ ...good, 'ca.crt': other.certificate }),
      shorterTtl: at(good, { ...wanted(root), ttlMs: hourMs }),
      pastHalf: at(good, wanted(root), startOfTest + 0.56 * ttlMs),
      expired: at(good, wanted(root), startOfTest + 2 * ttlMs),
      beforeHalf: at(good, wanted(root), startOfTest + 0.44 * ttlMs),
    }).toEqual({
      noSecret: 'Missing',
      noKey: 'Missing',
      unparsable: 'Damaged',
      otherKey: 'Damaged',
      otherIdentity: 'OtherIdentity',
      otherRoot: 'OtherIssuer',
      otherRootSameBundle: 'OtherIssuer',
      oldBundle: 'OtherRoots',
      shorterTtl: 'LivesTooLong',
      pastHalf: 'Due',
      expired: 'Due',
      beforeHalf: undefined,
    });
  });

  test('a certificate that ends with its root is not renewed over and over', async () => {
    const root = await newRoot();
    const short = { ...root, notAfter: new Date(startOfTest + hourMs) };

    const secret = await secretOf(short);

    expect(needsRenewal(secret, wanted(short), startOfTest + 0.9 * hourMs)).toBeUndefined();
  });
});
