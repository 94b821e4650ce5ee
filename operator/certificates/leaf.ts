// One leaf certificate: a fresh key, signed by a root. Entry: signLeaf. Knows no Secret and no schedule.
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { KeyPair, LeafRequest } from './authority.ts';
import {
  backDateMs,
  ecdsaP256,
  pemText,
  privateKeyPem,
  type Root,
  serialNumber,
  signingKeyOf,
  wholeSeconds,
} from './root.ts';

/**
 * An X.509-SVID for both ends of mutual TLS: the SPIFFE id is its only URI SAN, the subject is empty and the SAN
 * therefore critical. It never outlives the root and its intermediates, which follow it in the PEM. now: ms since 1970.
 * @see https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md
 */
export async function signLeaf(root: Root, request: LeafRequest, now: number): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(ecdsaP256, true, ['sign', 'verify']);
  const issuer = new x509.X509Certificate(root.issuer);
  const { key, algorithm } = await signingKeyOf(root);
  const notBefore = wholeSeconds(now - backDateMs);
  const notAfter = wholeSeconds(Math.min(now + request.ttlMs, root.notAfter.getTime()));
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    issuer: issuer.subjectName,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: key,
    extensions: await leafExtensions(issuer, keys.publicKey, request),
  });
  return {
    certificate: pemText(certificate) + (root.chain ?? ''),
    privateKey: await privateKeyPem(keys.privateKey),
    notBefore,
    notAfter,
  };
}

async function leafExtensions(
  issuer: x509.X509Certificate,
  publicKey: webcrypto.CryptoKey,
  request: LeafRequest,
): Promise<x509.Extension[]> {
  // A root that a user brought may have made its key identifier in another way than by SHA-1: repeat what it says.
  const issuerKeyId = issuer.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  const names: x509.JsonGeneralNames = [
    { type: 'url', value: request.spiffeId },
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth, x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension(names, true),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
    issuerKeyId === undefined
      ? await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey)
      : new x509.AuthorityKeyIdentifierExtension(issuerKeyId),
  ];
}
