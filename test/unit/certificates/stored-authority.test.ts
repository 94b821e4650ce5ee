import { createPrivateKey, generateKeyPairSync, KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { openStoredAuthority } from '../../../operator/certificates/stored-authority.ts';
import {
  certificateLabels,
  certificateSecretName,
  rootSecretName,
} from '../../../operator/certificates/names.ts';
import { makeRoot, RootUnusable } from '../../../operator/certificates/root.ts';
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import type { SecretData } from '../../../operator/ports/platform.ts';
import type { Authority } from '../../../operator/certificates/authority.ts';
import { hourMs, startOfTest } from './support.ts';
import { MemorySecrets } from '../../support/memory-secrets.ts';

const where = 'meshwright-system/meshwright-ca';
const yearMs = 365 * 24 * hourMs;

async function open(secrets: MemorySecrets, now = startOfTest): Promise<Authority> {
  const [namespace, secretName] = ['meshwright-system', rootSecretName];
  return openStoredAuthority({
    secrets,
    namespace,
    secretName,
    trustDomain: 'cluster.local',
    now: () => now,
  });
}

describe('the root', () => {
  test('is made once, self-signed, for ten years, and named after the trust domain', async () => {
    const secrets = new MemorySecrets();

    const first = await open(secrets);
    const second = await open(secrets);

    const root = new X509Certificate(first.trustBundle());
    expect(second.trustBundle()).toBe(first.trustBundle());
    expect(secrets.writes).toEqual([where]);
    expect(root.ca).toBe(true);
    expect(root.verify(root.publicKey)).toBe(true);
    expect(root.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(root.subjectAltName).toBe('URI:spiffe://cluster.local');
    expect(root.validFromDate.getTime()).toBe(startOfTest - 120_000);
    expect(root.validToDate.getTime()).toBe(startOfTest + 10 * yearMs);
    expect(first.signer.notAfter).toEqual(root.validToDate);
  });

  test('is one root when two operators race to make it', async () => {
    const secrets = new MemorySecrets();

    const [one, other] = await Promise.all([open(secrets), open(secrets)]);

    expect(one.trustBundle()).toBe(other.trustBundle());
    expect(secrets.writes).toEqual([where]);
  });
});

describe('a root that cannot sign', () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  });
  test.each([
    ['a certificate that is not PEM', { 'tls.crt': 'garbage' }, 'has no readable PEM certificate in tls.crt'],
    [
      'a key that is cut off',
      { 'tls.key': '-----BEGIN PRIVATE KEY-----\nMIG' },
      'has no readable PEM private key',
    ],
    ['the key of another root', { 'tls.key': other.toString() }, 'does not belong to its certificate'],
  ])(
    'with %s stops issuance, is not overwritten, and works again once repaired',
    async (_, damage, message) => {
      const secrets = new MemorySecrets();
      const good = await makeRoot('cluster.local', startOfTest);
      const damaged = { ...good, ...damage };
      secrets.held.set(where, damaged);

      const failure = await open(secrets).catch((error: unknown) => error);

      expect(failure).toBeInstanceOf(RootUnusable);
      expect(String(failure)).toContain(message);
      expect(String(failure)).toContain('Restore them from a backup');
      expect(secrets.held.get(where)).toBe(damaged);
      secrets.held.set(where, good);
      expect((await open(secrets)).trustBundle()).toBe(good['tls.crt']);
    },
  );

  test('because it expired is refused with its date', async () => {
    const secrets = new MemorySecrets();
    await open(secrets);

    const failure = open(secrets, startOfTest + 11 * yearMs);

    await expect(failure).rejects.toThrow(/expired on 2036-04-28T12:00:00.000Z/);
  });

  test('because it is a leaf is refused', async () => {
    const secrets = new MemorySecrets();
    const leaf = await (
      await open(secrets)
    ).issue({ spiffeId: 'spiffe://cluster.local/ns/a/sa/b', ttlMs: hourMs });
    secrets.held.set(where, { 'tls.crt': leaf.certificate, 'tls.key': leaf.privateKey });

    await expect(open(secrets)).rejects.toThrow(/is not a certificate authority/);
  });
});

describe('a leaf', () => {
  test('is signed by the root and carries the identity, the names and the life asked for', async () => {
    const authority = await open(new MemorySecrets());

    const pair = await authority.issue({
      spiffeId: 'spiffe://cluster.local/ns/shop/sa/reviews',
      dnsNames: ['xds.example'],
      ipAddresses: ['127.0.0.1'],
      ttlMs: 24 * hourMs,
    });

    const leaf = new X509Certificate(pair.certificate);
    const root = new X509Certificate(authority.trustBundle());
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.checkIssued(root)).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.subjectAltName).toBe(
      'URI:spiffe://cluster.local/ns/shop/sa/reviews, DNS:xds.example, IP Address:127.0.0.1',
    );
    expect(leaf.validFromDate.getTime()).toBe(startOfTest - 120_000);
    expect(leaf.validToDate.getTime()).toBe(startOfTest + 24 * hourMs);
    expect(pair.notAfter).toEqual(leaf.validToDate);
    expect(leaf.toLegacyObject().ext_key_usage).toEqual(['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1']);
    expect(pair.privateKey).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(leaf.checkPrivateKey(createPrivateKey(pair.privateKey))).toBe(true);
    expect(leaf.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
  });

  test('has a key and a serial number of its own each time', async () => {
    const authority = await open(new MemorySecrets());
    const request = { spiffeId: 'spiffe://cluster.local/ns/shop/sa/reviews', ttlMs: hourMs };

    const pairs = await Promise.all([authority.issue(request), authority.issue(request)]);

    expect(new Set(pairs.map(({ privateKey }) => privateKey)).size).toBe(2);
    expect(new Set(pairs.map((pair) => new X509Certificate(pair.certificate).serialNumber)).size).toBe(2);
  });

  test('never outlives the root', async () => {
    const secrets = new MemorySecrets();
    const rootEnd = (await open(secrets)).signer.notAfter;
    const authority = await open(secrets, rootEnd.getTime() - hourMs);

    const pair = await authority.issue({ spiffeId: 'spiffe://cluster.local/ns/a/sa/b', ttlMs: 24 * hourMs });

    expect(pair.notAfter).toEqual(rootEnd);
  });
});

describe('a root that a user brought', () => {
  test.each([
    [
      'RSA',
      {
        name: 'RSASSA-PKCS1-v1_5',
        modulusLength: 2048,
        publicExponent: new Uint8Array([1, 0, 1]),
        hash: 'SHA-256',
      },
    ],
    ['P-384', { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }],
  ])('with an %s key and a key identifier of its own signs too', async (_, algorithm) => {
    const secrets = new MemorySecrets();
    secrets.held.set(where, await broughtRoot(algorithm));
    const authority = await open(secrets);

    const pair = await authority.issue({ spiffeId: 'spiffe://cluster.local/ns/a/sa/b', ttlMs: hourMs });

    const [leaf, root] = [
      new X509Certificate(pair.certificate),
      new X509Certificate(authority.trustBundle()),
    ];
    expect(leaf.checkIssued(root)).toBe(true);
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(
      new x509.X509Certificate(pair.certificate).getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId,
    ).toBe('0102');
  });
});

/** As another tool would make it. */
async function broughtRoot(
  algorithm: webcrypto.RsaHashedKeyGenParams | webcrypto.EcKeyGenParams,
): Promise<SecretData> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Our own root',
    notBefore: new Date(startOfTest - hourMs),
    notAfter: new Date(startOfTest + yearMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true), new x509.SubjectKeyIdentifierExtension('0102')],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  return { 'tls.crt': certificate.toString('pem'), 'tls.key': key.toString() };
}

describe('names', () => {
  test('a Secret is named after its service account', () => {
    expect(certificateSecretName('reviews')).toBe('meshwright-reviews');
  });

  test('a service account called ca does not get the Secret of the root', () => {
    expect(certificateSecretName('ca')).toBe('meshwright-ca-69590970');
  });

  test('long names are cut to what Kubernetes allows and stay distinct', () => {
    const [one, other] = [`${'a'.repeat(252)}b`, `${'a'.repeat(252)}c`];

    expect(certificateSecretName(one)).toHaveLength(253);
    expect(certificateSecretName(one)).not.toBe(certificateSecretName(other));
    expect(certificateLabels(one)['meshwright.dev/service-account']).toHaveLength(63);
  });
});
