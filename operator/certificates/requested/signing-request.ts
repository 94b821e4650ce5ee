// A fresh key, and the request to certify it. Entry: makeSigningRequest.
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { LeafRequest } from '../authority.ts';
import { ecdsaP256, privateKeyPem } from '../root.ts';

export interface SigningRequest {
  /** PEM. */
  readonly csr: string;
  /** PEM, PKCS #8. It never leaves the operator but in the Secret of the workload. */
  readonly privateKey: string;
}

/** As SPIFFE wants it: the subject is empty, the SPIFFE id the only URI, and the names therefore critical. */
export async function makeSigningRequest({
  spiffeId,
  dnsNames = [],
  ipAddresses = [],
}: LeafRequest): Promise<SigningRequest> {
  const keys = await webcrypto.subtle.generateKey(ecdsaP256, true, ['sign', 'verify']);
  const names = [
    { type: 'url' as const, value: spiffeId },
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: ecdsaP256,
    extensions: [new x509.SubjectAlternativeNameExtension(names, true)],
  });
  return { csr: `${request.toString('pem')}\n`, privateKey: await privateKeyPem(keys.privateKey) };
}
