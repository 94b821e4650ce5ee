import { beforeAll, describe, expect, test } from '@jest/globals';
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import {
  type Expected,
  type IssuedText,
  readIssued,
} from '../../../../operator/certificates/requested/issued.ts';
import {
  makeSigningRequest,
  type SigningRequest,
} from '../../../../operator/certificates/requested/signing-request.ts';
import { pemText } from '../../../../operator/certificates/root.ts';
import { type Ca, makeCa } from '../../../support/brought-authority.ts';
import { type Odd, sign } from '../../../support/memory-requests.ts';
import { hourMs, startOfTest } from '../support.ts';

const spiffeId = 'spiffe://cluster.local/ns/shop/sa/reviews';
const ttlMs = 24 * hourMs;
const now = startOfTest;
const issuer = { name: 'mesh-ca', kind: 'ClusterIssuer', group: 'cert-manager.io' };
const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;

let root: Ca;
let upper: Ca;
let lower: Ca;
let other: Ca;
let request: SigningRequest;

const made = (by?: Ca): Promise<Ca> =>
  makeCa({ from: now - hourMs, until: now + 1000 * hourMs, ...(by !== undefined && { by }) });
beforeAll(async () => {
  root = await made();
  upper = await made(root);
  lower = await made(upper);
  other = await made();
  request = await makeSigningRequest({ spiffeId, ttlMs });
});

const signed = (chain: readonly Ca[], odd: Odd = {}): Promise<IssuedText> =>
  sign({ issuer, csr: request.csr, spiffeId, ttlMs }, chain, now, odd);
const pem = ({ certificate }: Ca): string => pemText(certificate);
const expecting = (...roots: readonly Ca[]): Expected => ({
  spiffeId,
  privateKey: request.privateKey,
  ttlMs,
  now,
  roots: roots.map(pem),
});

test('what the root has signed is used as it is', async () => {
  const issued = await signed([root], { usages: [clientAuth, serverAuth] });

  expect(readIssued(issued, expecting(root))).toMatchObject({
    type: 'Usable',
    certificate: issued.certificate,
    links: '',
    root: pem(root),
    isOtherRoot: false,
    notAfter: new Date(now + ttlMs),
  });
});

test('intermediates are put in their order, and the root is left out, wherever the issuer puts them', async () => {
  const { certificate } = await signed([lower, upper, root]);
  const [leaf = ''] = certificate.split(/(?<=-----END CERTIFICATE-----\n)/);
  const shuffled = { certificate: leaf + pem(root) + pem(upper), ca: pem(lower) };

  expect(readIssued(shuffled, expecting(root))).toMatchObject({
    type: 'Usable',
    certificate: leaf + pem(lower) + pem(upper),
    links: pem(lower) + pem(upper),
    root: pem(root),
  });
});

test('another root than the expected one is told', async () => {
  expect(readIssued(await signed([other]), expecting(root))).toMatchObject({
    type: 'Usable',
    root: pem(other),
    isOtherRoot: true,
    named: pem(other),
  });
});

test('without the root of the issuer, the expected one is enough', async () => {
  const { certificate } = await signed([lower, upper, root]);

  expect(readIssued({ certificate, ca: '' }, expecting(root))).toMatchObject({
    type: 'Usable',
    root: pem(root),
    named: null,
  });
});

describe('what is not used:', () => {
  test.each<[string, Odd, string]>([
    [
      'the URI of another',
      { uri: 'spiffe://cluster.local/ns/shop/sa/ratings' },
      `issued a certificate whose URI is not ${spiffeId}.`,
    ],
    [
      'for servers only',
      { usages: [serverAuth] },
      'issued a certificate without the extended key usages "client auth" and "server auth".',
    ],
    ['an authority', { isCa: true }, 'issued a certificate authority where'],
    ['not valid yet', { from: now + 60_000 }, 'issued a certificate that is not valid before'],
    ['expired', { from: now - 2 * hourMs, until: now - hourMs }, 'issued a certificate that expired on'],
    [
      'valid for too long',
      { until: now + ttlMs + hourMs },
      'issued a certificate that is valid until 2026-05-02T13:00:00.000Z, longer than spec.certificates.workloadTTL.',
    ],
  ])('%s', async (_, odd, why) => {
    expect(readIssued(await signed([root], odd), expecting(root))).toEqual({
      type: 'Unusable',
      why: expect.stringContaining(why),
    });
  });

  test('for another key', async () => {
    const { publicKey } = new x509.Pkcs10CertificateRequest(
      (await makeSigningRequest({ spiffeId, ttlMs })).csr,
    );

    expect(readIssued(await signed([root], { publicKey }), expecting(root))).toEqual({
      type: 'Unusable',
      why: 'issued a certificate for another key than the one in the request',
    });
  });

  test('no certificate at all', () => {
    expect(readIssued({ certificate: 'PEM', ca: '' }, expecting(root))).toMatchObject({ type: 'Unusable' });
  });

  test('no root, where none is expected: the user is asked for it', async () => {
    const { certificate } = await signed([lower, upper, root]);

    expect(readIssued({ certificate, ca: pem(upper) }, expecting())).toEqual({
      type: 'Unusable',
      why: expect.stringContaining('Set spec.certificates.authority.caBundle to the root'),
    });
  });

  test('a root that the certificate does not lead to', async () => {
    const { certificate } = await signed([root]);

    expect(readIssued({ certificate, ca: pem(other) }, expecting())).toMatchObject({ type: 'Unusable' });
  });

  test('a certificate that is its own authority', async () => {
    const { certificate } = await signed([root]);

    expect(readIssued({ certificate, ca: certificate }, expecting())).toMatchObject({ type: 'Unusable' });
  });
});
