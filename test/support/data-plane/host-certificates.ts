// Certificates of hosts outside the mesh, of an authority made for the occasion.
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** PEM. */
export interface HostCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface HostAuthority {
  /** PEM of its root. */
  readonly root: string;
  issue(names: readonly string[]): Promise<HostCertificate>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export async function makeHostAuthority(): Promise<HostAuthority> {
  const keys = await generate();
  const now = Date.now();
  const validity = { notBefore: new Date(now - 60_000), notAfter: new Date(now + 3_600_000) };
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=hosts of a test',
    keys,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return {
    root: root.toString('pem'),
    issue: async (names) => {
      const own = await generate();
      const certificate = await x509.X509CertificateGenerator.create({
        subject: 'CN=host',
        issuer: root.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        ...validity,
        extensions: [
          new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }) as const)),
        ],
      });
      const exported = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
      return {
        certificate: certificate.toString('pem'),
        key: x509.PemConverter.encode(exported, 'PRIVATE KEY'),
      };
    },
  };
}

function generate(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}
