// A request is signed for the pod that it names, and for nobody else; what may pass waits.
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Judgement,
  judgeRequest,
  podCertificate,
  type SigningTerms,
} from '../../../operator/certificates/pod-request.ts';
import type { PodCertificateRequest, PodFacts } from '../../../operator/ports/pod-certificate-port.ts';
import { ecdsaP256, samplePod, sampleRequest, stubOf } from './pod-request-samples.ts';
import { hourMs, startOfTest as now } from './support.ts';

const terms: SigningTerms = {
  trustDomain: 'cluster.local',
  ttlMs: 12 * hourMs,
  namespaces: new Set(['shop']),
};
const signerEnd = new Date(now + 1000 * hourMs);
let key: Awaited<ReturnType<typeof stubOf>>;
beforeAll(async () => {
  key = await stubOf();
});

function judge(
  parts: Partial<PodCertificateRequest> = {},
  pod: PodFacts | undefined = samplePod,
  of: Partial<SigningTerms> = {},
): Judgement {
  const world = { terms: { ...terms, ...of }, signerEnd, now };
  return judgeRequest(sampleRequest({ stub: key.stub, ...parts }), pod, world);
}

test('the identity is that of the service account, the key is that of the request', () => {
  const judged = judge();

  expect(judged).toMatchObject({
    type: 'sign',
    key: { spiffeId: 'spiffe://cluster.local/ns/shop/sa/reviews', lifeMs: 12 * hourMs },
  });
  if (judged.type !== 'sign') throw new Error('it is signed');
  expect(Buffer.from(judged.key.publicKey).toString('base64')).toBe(key.publicKey);
});

describe('an invented request', () => {
  test.each([
    ['another service account', { serviceAccount: 'payments' }, samplePod],
    ['another node', { node: 'node-2' }, samplePod],
    ['a pod without a node', {}, { ...samplePod, node: '' }],
    ['a pod that asks for nothing', {}, { ...samplePod, asksUs: false }],
  ])('%s: denied', (_, parts, pod) => {
    expect(judge(parts, pod)).toMatchObject({ type: 'deny', denial: { reason: 'PodMismatch' } });
  });

  test.each([
    ['that is gone', undefined],
    ['of that name, made later', { ...samplePod, uid: 'pod-2' }],
  ])('a pod %s: waits for its end, and nobody is told', (_, pod) => {
    const world = { terms, signerEnd, now };

    expect(judgeRequest(sampleRequest({ stub: key.stub }), pod, world)).toEqual({ type: 'wait', why: null });
  });

  test('a namespace that is not in the mesh: waits, as it may join', () => {
    expect(judge({}, samplePod, { namespaces: new Set(['other']) })).toEqual({ type: 'wait', why: null });
  });
});

describe('lifetime, from notBefore to notAfter', () => {
  test.each([
    ['workloadTTL', 12 * hourMs, 24 * hourMs, 12 * hourMs],
    ['what the pod allows', 12 * hourMs, 2 * hourMs, 2 * hourMs],
    ['an hour at least', hourMs / 6, 24 * hourMs, hourMs],
  ])('is %s', (_, ttlMs, maxLifeMs, lifeMs) => {
    expect(judge({ maxLifeMs }, samplePod, { ttlMs })).toMatchObject({ type: 'sign', key: { lifeMs } });
  });

  test('an authority that ends before an hour has passed cannot sign, and says so', () => {
    const world = { terms, signerEnd: new Date(now + hourMs - 1), now };

    expect(judgeRequest(sampleRequest({ stub: key.stub }), samplePod, world)).toEqual({
      type: 'wait',
      why: expect.stringContaining('The certificate authority expires on'),
    });
  });
});

test.each([
  ['P-384', { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }, 'sign'],
  ['P-521', { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' }, 'deny'],
  ['P-256', ecdsaP256, 'sign'],
])('a key of type %s: %s', async (_, algorithm, type) => {
  const { stub } = await stubOf(algorithm);

  expect(judge({ stub })).toMatchObject({ type });
});

test('what is no request is denied, and breaks nothing', () => {
  expect(judge({ stub: 'bm90IGEgcmVxdWVzdA==' })).toMatchObject({
    type: 'deny',
    denial: { reason: 'UnsupportedKeyType' },
  });
});

test.each([1, 2, 24, 2160])(
  'a certificate of %d h is refreshed at about half, 10 minutes from both ends',
  (hours) => {
    const notBefore = new Date(now - 120_000);
    const notAfter = new Date(notBefore.getTime() + hours * hourMs);

    const refreshes = Array.from({ length: 50 }, (_, index) =>
      podCertificate({ certificate: 'chain', notBefore, notAfter }, `pod-${index}`).refreshAt.getTime(),
    );

    for (const at of refreshes) {
      expect(at % 1000).toBe(0);
      expect(at - notBefore.getTime()).toBeGreaterThanOrEqual(600_000);
      expect(notAfter.getTime() - at).toBeGreaterThanOrEqual(600_000);
      expect(Math.abs(at - now - (hours * hourMs) / 2)).toBeLessThan(0.06 * hours * hourMs + 120_000);
    }
    expect(new Set(refreshes).size).toBeGreaterThan(40);
  },
);
