// One leaf certificate, of a fresh key or of one that its owner made, signed by a root. Entries: signLeaf, certifyKey. Knows no Secret and no
// schedule.
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Certified, KeyPair, KeyRequest, LeafRequest } from './authority.ts';
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
  const life = lifeOf(root, now, now + request.ttlMs);
  const certificate = await certificateOf(root, keys.publicKey, request, life);
  return { certificate, privateKey: await privateKeyPem(keys.privateKey), ...life };
}

/** The same for a key of somebody else's. Whoever calls has to know whose it is. */
export async function certifyKey(root: Root, request: KeyRequest, now: number): Promise<Certified> {
  const life = lifeOf(root, now, now - backDateMs + request.lifeMs);
  const publicKey = new x509.PublicKey(request.publicKey);
  return { certificate: await certificateOf(root, publicKey, request, life), ...life };
}

interface Life {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

function lifeOf(root: Root, now: number, endMs: number): Life {
  return {
    notBefore: wholeSeconds(now - backDateMs),
    notAfter: wholeSeconds(Math.min(endMs, root.notAfter.getTime())),
  };
}

/** PEM: the leaf, and what it is presented with. */
async function certificateOf(
  root: Root,
  publicKey: x509.PublicKeyType,
  names: LeafNames,
  life: Life,
): Promise<string> {
  const issuer = new x509.X509Certificate(root.issuer);
  const { key, algorithm } = await signingKeyOf(root);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    issuer: issuer.subjectName,
    ...life,
    signingAlgorithm: algorithm,
    publicKey,
    signingKey: key,
    extensions: await leafExtensions(issuer, publicKey, names),
  });
  return pemText(certificate) + (root.chain ?? '');
}

type LeafNames = Pick<LeafRequest, 'spiffeId' | 'dnsNames' | 'ipAddresses'>;

async function leafExtensions(
  issuer: x509.X509Certificate,
  publicKey: x509.PublicKeyType,
  request: LeafNames,
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
