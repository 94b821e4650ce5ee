// Certificate authorities as other tools make them, for tests: a root, and intermediates below it. Entries: makeCa, secretOf.
import { KeyObject, webcrypto } from 'node:crypto';
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { ecdsaP256, pemText, serialNumber } from '../../operator/certificates/root.ts';
import type { SecretData } from '../../operator/ports/platform.ts';

export interface Ca {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly algorithm: Algorithm;
}

type Algorithm = webcrypto.RsaHashedKeyGenParams | (webcrypto.EcKeyGenParams & { readonly hash?: string });

export interface CaOptions {
  /** Default: another name each time. */
  readonly name?: string;
  /** Who signs it; default: itself. */
  readonly by?: Ca;
  /** Default: new ones. */
  readonly keys?: webcrypto.CryptoKeyPair;
  /** Milliseconds since 1970. Default: valid from an hour ago, for a year. */
  readonly from?: number;
  readonly until?: number;
  readonly algorithm?: Algorithm;
  /** Default: true. */
  readonly hasKeyIds?: boolean;
  /** Default: those of a CA. */
  readonly extensions?: readonly x509.Extension[];
}

const hourMs = 3_600_000;

export async function makeCa(options: CaOptions = {}): Promise<Ca> {
  const {
    by,
    algorithm = ecdsaP256,
    from = Date.now() - hourMs,
    until = Date.now() + 365 * 24 * hourMs,
  } = options;
  const keys = options.keys ?? (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']));
  const serial = serialNumber();
  const subject = `CN=${options.name ?? `CA ${serial}`}`;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial,
    subject,
    issuer: by === undefined ? subject : by.certificate.subject,
    notBefore: new Date(from),
    notAfter: new Date(until),
    signingAlgorithm: { ...(by?.algorithm ?? algorithm) },
    publicKey: keys.publicKey,
    signingKey: (by?.keys ?? keys).privateKey,
    extensions: [
      ...(options.extensions ?? [new x509.BasicConstraintsExtension(true, undefined, true), certSign]),
      ...(options.hasKeyIds === false ? [] : await keyIds(keys, by?.keys ?? keys)),
    ],
  });
  return { certificate, keys, algorithm };
}

function keyIds(own: webcrypto.CryptoKeyPair, ofIssuer: webcrypto.CryptoKeyPair): Promise<x509.Extension[]> {
  return Promise.all([
    x509.SubjectKeyIdentifierExtension.create(own.publicKey),
    x509.AuthorityKeyIdentifierExtension.create(ofIssuer.publicKey),
  ]);
}

const certSign = new x509.KeyUsagesExtension(
  x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
  true,
);

/** As cert-manager writes it: the chain from the issuer up, its key, the root. */
export function secretOf(root: Ca, ...chain: readonly [Ca, ...Ca[]]): SecretData {
  const [issuer] = chain;
  const key = KeyObject.from(issuer.keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  return {
    'tls.crt': chain.map(({ certificate }) => pemText(certificate)).join(''),
    'tls.key': key.toString(),
    'ca.crt': pemText(root.certificate),
  };
}
