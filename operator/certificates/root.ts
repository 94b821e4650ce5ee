// The root of the built-in authority as it lies in its Secret: made once, and judged each time it is read.
// It writes nothing; a root that cannot be used is refused with a sentence that says what to do.
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import { createPrivateKey, type KeyObject, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { IssuerRefIr } from '../ir/mesh-ir.ts';
import type { SecretData } from '../ports/platform.ts';
import { Redacted } from '../values/redacted.ts';

/** How far notBefore lies in the past, so that a peer whose clock is behind accepts a fresh certificate. */
export const backDateMs = 120_000;
const ourName = 'Meshwright root CA';
const rootLifeMs = 10 * 365 * 24 * 3_600_000;

export const ecdsaP256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A root, and the key that signs leaves under it: its own, or that of an intermediate. */
export interface Root {
  /** PEM of the root. */
  readonly certificate: string;
  /** PEM of the certificate whose key signs leaves. */
  readonly issuer: string;
  /**
   * PEM of what a leaf is presented with: from the issuer up to the root, without it. Empty if the root itself signs; null: whatever leads
   * to the issuer.
   */
  readonly chain: string | null;
  /** PEM of intermediates that leaves may be signed with, where the chain is not known. */
  readonly links: string;
  /** Of the root; back-dated if Meshwright made it. */
  readonly notBefore: Date;
  readonly rootNotAfter: Date;
  /** Of the intermediate that ends first; null if the root itself signs. */
  readonly intermediateNotAfter: Date | null;
  /** No leaf is valid for longer. */
  readonly notAfter: Date;
  /** From when on one of them expires soon, in ms since 1970. */
  readonly soonMs: number;
  /** null: an issuer outside signs. */
  readonly key: Redacted<KeyObject> | null;
  /** null: Meshwright has the key. */
  readonly issuerRef: IssuerRefIr | null;
  /** The root can sign lists of revoked certificates, and nothing else has to. */
  readonly signsLists: boolean;
  /** Meshwright made it. */
  readonly isOurs: boolean;
  /** It comes from a Secret that the Mesh names. */
  readonly isPlugged: boolean;
}

/** The root in the Secret cannot sign. The message is for the user; nothing was overwritten. */
export class RootUnusable extends Error {
  override readonly name = 'RootUnusable';
}

/** A self-signed ECDSA P-256 root for ten years. now: the present, in ms since 1970. */
export async function makeRoot(trustDomain: string, now: number): Promise<SecretData> {
  const keys = await webcrypto.subtle.generateKey(ecdsaP256, true, ['sign', 'verify']);
  const serial = serialNumber();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial,
    // While one root follows another, each is found by its own name.
    name: [{ CN: [`${ourName} ${serial.slice(0, 8)}`] }, { O: [trustDomain] }],
    notBefore: wholeSeconds(now - backDateMs),
    notAfter: wholeSeconds(now + rootLifeMs),
    signingAlgorithm: ecdsaP256,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `spiffe://${trustDomain}` }]),
    ],
  });
  return { 'tls.crt': pemText(certificate), 'tls.key': await privateKeyPem(keys.privateKey) };
}

/** How messages name the files that it comes from. */
export interface RootFiles {
  readonly certificate: string;
  readonly key: string;
  /** It does not sign, and may have expired. */
  readonly isOther?: boolean;
}

/**
 * Reads a root and checks all that it needs to sign. where: how the message names its place, for example
 * `Secret meshwright-system/meshwright-ca`. Throws RootUnusable.
 */
export function parseRoot(
  data: SecretData,
  where: string,
  now: number,
  files: RootFiles = { certificate: 'tls.crt', key: 'tls.key' },
): Root {
  const refuse = (why: string): never => {
    throw new RootUnusable(
      `The root in ${where} ${why}. No certificate is issued or renewed until ${files.certificate} and ${files.key} contain a valid root. ` +
        `Restore them from a backup. Or delete it, and Meshwright creates a new root; connections then fail until every workload has a certificate from the new root.`,
    );
  };
  const certificate =
    parsed(() => new X509Certificate(data['tls.crt'] ?? '')) ??
    refuse(`has no readable PEM certificate in ${files.certificate}`);
  const key =
    parsed(() => createPrivateKey(data['tls.key'] ?? '')) ??
    refuse(`has no readable PEM private key in ${files.key}`);
  if (!certificate.checkPrivateKey(key)) refuse('has a private key that does not belong to its certificate');
  if (!certificate.ca) refuse('is not a certificate authority (basicConstraints CA is not set)');
  if (!certificate.verify(certificate.publicKey)) refuse('is not self-signed, as a trust anchor must be');
  if (files.isOther !== true && certificate.validToDate.getTime() <= now)
    refuse(`expired on ${certificate.validToDate.toISOString()}`);
  if (certificate.validFromDate.getTime() > now) {
    refuse(`is not valid before ${certificate.validFromDate.toISOString()}`);
  }
  if (signingAlgorithm(key) === undefined) refuse('has a key that is neither ECDSA (P-256, P-384) nor RSA');
  const pem = pemText(certificate);
  return {
    certificate: pem,
    issuer: pem,
    chain: '',
    links: '',
    notBefore: certificate.validFromDate,
    rootNotAfter: certificate.validToDate,
    intermediateNotAfter: null,
    notAfter: certificate.validToDate,
    soonMs: soonMs(certificate),
    key: new Redacted(key),
    issuerRef: null,
    signsLists: true,
    isOurs: certificate.subject.includes(`CN=${ourName}`),
    isPlugged: false,
  };
}

/** Less than a fifth of its life is left, and less than 30 days: what is renewed by itself has been by then, as cert-manager does at a third. */
export function soonMs({ validFromDate, validToDate }: X509Certificate): number {
  const end = validToDate.getTime();
  return end - Math.min((end - validFromDate.getTime()) / 5, 30 * 24 * 3_600_000);
}

export interface SigningAlgorithm {
  readonly name: string;
  readonly namedCurve?: string;
  readonly hash: string;
}

/** By the curve's name in OpenSSL. */
const ecAlgorithms: Readonly<Record<string, SigningAlgorithm>> = {
  prime256v1: ecdsaP256,
  secp384r1: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
};

/** What WebCrypto calls the way this key signs; undefined if it cannot. */
export function signingAlgorithm(key: KeyObject): SigningAlgorithm | undefined {
  if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  return ecAlgorithms[key.asymmetricKeyDetails?.namedCurve ?? ''];
}

/** The signing key as WebCrypto takes it. */
export async function signingKeyOf(
  root: Root,
): Promise<{ readonly key: webcrypto.CryptoKey; readonly algorithm: SigningAlgorithm }> {
  const key = root.key?.reveal();
  const algorithm = key && signingAlgorithm(key);
  if (key === undefined || algorithm === undefined)
    throw new Error('parseRoot let a root pass whose key cannot sign');
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  return { key: await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']), algorithm };
}

/** 127 random bits in hexadecimal, positive and never short: the top bit is 0, the next 1. */
export function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString('hex');
}

/** Hexadecimal, lower case, no leading zeros: one spelling of what Node and ASN.1 libraries print in several. */
export function serialText(serial: string): string {
  return serial.toLowerCase().replace(/^0+(?=.)/, '');
}

/** X.509 times have no fraction of a second. */
export function wholeSeconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}

export function pemText(certificate: { toString(format?: 'pem'): string }): string {
  return `${certificate.toString('pem').trimEnd()}\n`;
}

export async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

/** undefined if it throws. */
export function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
