// What is to become of a request for the certificate of a pod. Pure. Entry: judgeRequest.
//
// A request is believed if the pod that it names is there, with this uid, node and service account, and asks for such a certificate. That it comes from
// the kubelet, who has the key and hands it to that pod alone, the ValidatingAdmissionPolicy of deploy/install.yaml makes sure of: nothing in the request says so.
// A denial is for ever: where the reason may pass, the request waits.
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the metadata API to be there first
import 'reflect-metadata';
import { createPublicKey, type KeyObject } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type {
  Denial,
  PodCertificate,
  PodCertificateRequest,
  PodFacts,
} from '../ports/pod-certificate-port.ts';
import { shortestLifeMs } from '../values/pod-certificates.ts';
import type { Certified, KeyRequest } from './authority.ts';
import { jitterOf, renewAt } from './renewal.ts';
import { parsed } from './root.ts';

/** What the Mesh says. */
export interface SigningTerms {
  readonly trustDomain: string;
  readonly ttlMs: number;
  /** Namespaces of the mesh. */
  readonly namespaces: ReadonlySet<string>;
}

export type Judgement =
  | { readonly type: 'sign'; readonly key: KeyRequest }
  | { readonly type: 'deny'; readonly denial: Denial }
  /** why: a sentence; null: nobody misses this certificate. */
  | { readonly type: 'wait'; readonly why: string | null };

/** Others wait, whatever their pods are. */
export function isOfMesh({ namespace }: PodCertificateRequest, { namespaces }: SigningTerms): boolean {
  return namespaces.has(namespace);
}

/** pod: as it is now. signerEnd: nothing that is signed is valid for longer. now: ms since 1970. */
export function judgeRequest(
  request: PodCertificateRequest,
  pod: PodFacts | undefined,
  { terms, signerEnd, now }: { readonly terms: SigningTerms; readonly signerEnd: Date; readonly now: number },
): Judgement {
  // Deleted, and perhaps made anew under its name.
  if (pod?.uid !== request.podUid) return wait(null);
  const mismatch = mismatchOf(request, pod);
  if (mismatch !== null) return deny('PodMismatch', `Meshwright signs no certificate for ${mismatch}.`);
  if (!isOfMesh(request, terms)) return wait(null);
  const publicKey = keyOf(request.stub);
  if (publicKey === undefined || !isStrong(publicKey))
    return deny(
      'UnsupportedKeyType',
      'Meshwright signs certificates of keys of the types ECDSAP256, ECDSAP384, RSA3072 and RSA4096. Set keyType in the volume of the pod to ECDSAP256.',
    );
  const lifeMs = Math.min(Math.max(terms.ttlMs, shortestLifeMs), request.maxLifeMs);
  if (signerEnd.getTime() - now < shortestLifeMs)
    return wait(
      `The certificate authority expires on ${signerEnd.toISOString()}, and Kubernetes permits no pod certificate of less than 1h. Renew the authority.`,
    );
  const spiffeId = `spiffe://${terms.trustDomain}/ns/${request.namespace}/sa/${request.serviceAccount}`;
  const der = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  return { type: 'sign', key: { spiffeId, publicKey: der, lifeMs } };
}

/** null: the pod is what the request says. */
function mismatchOf({ node, serviceAccount }: PodCertificateRequest, pod: PodFacts): string | null {
  if (pod.node !== node) return `node ${node}: the pod runs on another one`;
  if (pod.serviceAccount !== serviceAccount)
    return `service account ${serviceAccount}: the pod has another one`;
  return pod.asksUs ? null : 'this pod: none of its volumes asks for one';
}

/** The API server has checked that its owner has the private key. */
function keyOf(stub: string): KeyObject | undefined {
  return parsed(() => {
    const { publicKey } = new x509.Pkcs10CertificateRequest(Buffer.from(stub, 'base64'));
    return createPublicKey({ key: Buffer.from(publicKey.rawData), format: 'der', type: 'spki' });
  });
}

const curves: readonly (string | undefined)[] = ['prime256v1', 'secp384r1'];

/** Envoy takes it. */
function isStrong({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  if (asymmetricKeyType === 'rsa') return (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
  return asymmetricKeyType === 'ec' && curves.includes(asymmetricKeyDetails?.namedCurve);
}

/** As far from both ends as Kubernetes wants it. */
const refreshMarginMs = 600_000;

/** The certificate as it is handed over. Renewed at half of its life, each pod at a moment of its own. */
export function podCertificate(
  { certificate, notBefore, notAfter }: Certified,
  podUid: string,
): PodCertificate {
  const half = renewAt({ notBefore, notAfter }, jitterOf(podUid)).getTime();
  const latest = notAfter.getTime() - refreshMarginMs;
  const earliest = notBefore.getTime() + refreshMarginMs;
  const refreshMs = Math.max(earliest, Math.min(half, latest));
  // Written without fractions of a second.
  const refreshAt = new Date(Math.floor(refreshMs / 1000) * 1000);
  return { chain: certificate, notBefore, notAfter, refreshAt };
}

const wait = (why: string | null): Judgement => ({ type: 'wait', why });

function deny(reason: string, message: string): Judgement {
  return { type: 'deny', denial: { reason, message } };
}
