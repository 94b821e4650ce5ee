// A request as a kubelet makes it, and the pod that it is for.
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { PodCertificateRequest, PodFacts } from '../../../operator/ports/pod-certificate-port.ts';
import { hourMs, startOfTest } from './support.ts';

export const ecdsaP256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** An empty PKCS #10 request of a fresh key, in base64. */
export async function stubOf(
  algorithm: webcrypto.EcKeyGenParams & x509.HashedAlgorithm = ecdsaP256,
): Promise<{ readonly stub: string; readonly publicKey: string }> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: algorithm });
  const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey));
  return { stub: Buffer.from(request.rawData).toString('base64'), publicKey: spki.toString('base64') };
}

export const samplePod: PodFacts = { uid: 'pod-1', serviceAccount: 'reviews', node: 'node-1', asksUs: true };

export function sampleRequest(
  parts: Partial<PodCertificateRequest> & { readonly stub: string },
): PodCertificateRequest {
  return {
    namespace: 'shop',
    name: 'req-1',
    uid: 'request-1',
    createdMs: startOfTest,
    podName: 'reviews-v1',
    podUid: samplePod.uid,
    serviceAccount: samplePod.serviceAccount,
    node: samplePod.node,
    maxLifeMs: 24 * hourMs,
    ...parts,
  };
}
