// What is remembered of a certificate must never say anything else than checkLeaf, whatever changed meanwhile, time included.
import { expect, test } from '@jest/globals';
import { KnownLeaves } from '../../../operator/certificates/known-leaves.ts';
import { signLeaf } from '../../../operator/certificates/leaf.ts';
import { checkLeaf, type WantedLeaf } from '../../../operator/certificates/renewal.ts';
import { makeRoot, parseRoot, type Root } from '../../../operator/certificates/root.ts';
import type { SecretData } from '../../../operator/ports/platform.ts';
import { hourMs, startOfTest } from './support.ts';

const spiffeId = 'spiffe://cluster.local/ns/shop/sa/reviews';
const ttlMs = 24 * hourMs;

async function newRoot(): Promise<Root> {
  return parseRoot(await makeRoot('cluster.local', startOfTest), 'Secret a/b', startOfTest);
}

async function secretOf(root: Root): Promise<SecretData> {
  const pair = await signLeaf(root, { spiffeId, ttlMs }, startOfTest);
  return { 'tls.crt': pair.certificate, 'tls.key': pair.privateKey, 'ca.crt': root.certificate };
}

function wanted({ certificate, issuer, chain, notAfter }: Root): WantedLeaf {
  const signer = { issuer, chain, notAfter, leavesFromMs: 0 };
  return { spiffeId, ttlMs, issuedAfterMs: null, trustBundle: certificate, signer };
}

test('one that did not change is not looked at again', async () => {
  const root = await newRoot();
  const data = await secretOf(root);
  const leaves = new KnownLeaves();

  const first = leaves.check('a', data, wanted(root), startOfTest);

  expect(first).toMatchObject({ good: true });
  expect(leaves.check('a', { ...data }, wanted(root), startOfTest + hourMs)).toBe(first);
  leaves.keep(new Map());
  expect(leaves.check('a', data, wanted(root), startOfTest + hourMs)).not.toBe(first);
});

test('whatever changes, it says what checkLeaf says', async () => {
  const [root, other] = [await newRoot(), await newRoot()];
  const [data, another] = [await secretOf(root), await secretOf(root)];
  const want = wanted(root);
  const leaves = new KnownLeaves();
  const steps: readonly [SecretData | undefined, WantedLeaf, number][] = [
    [data, want, 0],
    [{ ...data, 'tls.key': another['tls.key'] ?? '' }, want, 0],
    [data, want, 0],
    [undefined, want, 0],
    [data, want, 0],
    [{ ...data, 'ca.crt': 'other' }, want, 0],
    [data, wanted(other), 0],
    [data, { ...want, ttlMs: hourMs }, 0],
    [data, { ...want, spiffeId: `${spiffeId}-canary` }, 0],
    [data, { ...want, signer: { ...want.signer, leavesFromMs: startOfTest + hourMs } }, 0],
    // In force only after an hour.
    [data, { ...want, issuedAfterMs: startOfTest + hourMs }, 0],
    [data, { ...want, issuedAfterMs: startOfTest + hourMs }, 2 * hourMs],
    [data, want, 2 * hourMs],
    [data, want, 20 * hourMs],
    [data, want, 40 * hourMs],
    [data, want, 0],
  ];

  const said = steps.map(([found, wish, afterMs]) => leaves.check('a', found, wish, startOfTest + afterMs));

  expect(said).toEqual(steps.map(([found, wish, afterMs]) => checkLeaf(found, wish, startOfTest + afterMs)));
  expect(new Set(said.map((it) => (it.good ? 'good' : it.reason)))).toEqual(
    new Set([
      'good',
      'Damaged',
      'Missing',
      'OtherRoots',
      'OtherIssuer',
      'LivesTooLong',
      'OtherIdentity',
      'IssuedBefore',
      'Due',
    ]),
  );
});
