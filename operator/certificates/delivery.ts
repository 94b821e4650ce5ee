// How pods get their certificates: from Secrets, or by requests of their kubelets. Pure. Entry: deliveryOf.
import type { CertificatesIr } from '../ir/mesh-ir.ts';
import type { ClusterSupport } from '../ports/pod-certificate-port.ts';
import { podCertificatesSince } from '../values/pod-certificates.ts';

export interface Delivery {
  /** Of pods that are made from now on, if it is possible. */
  readonly inUse: 'Secret' | 'PodCertificate';
  /** false: the Mesh asks for what the cluster does not support. No pod gets a sidecar by it. */
  readonly isPossible: boolean;
  /** Why it is so: a sentence; null: there is no other way. */
  readonly why: string | null;
}

/** Where no kubelets are. */
export const filesOnly: Delivery = { inUse: 'Secret', isPossible: true, why: null };

/**
 * One way for all pods: the scheduler puts them on nodes that nobody knows before. support null: not known yet.
 * @returns null if nothing can be said yet
 */
export function deliveryOf(
  { delivery: wish, authority }: Pick<CertificatesIr, 'delivery' | 'authority'>,
  support: ClusterSupport | null,
): Delivery | null {
  if (wish === 'Secret')
    return { inUse: 'Secret', isPossible: true, why: 'spec.certificates.delivery is Secret.' };
  if (support === null) return null;
  const obstacle = authority.type === 'CertManager' ? issuerOutside : obstacleIn(support);
  if (obstacle === null)
    return {
      inUse: 'PodCertificate',
      isPossible: true,
      why: 'The API server and all kubelets support pod certificates.',
    };
  return wish === 'PodCertificate'
    ? { inUse: 'PodCertificate', isPossible: false, why: obstacle }
    : { inUse: 'Secret', isPossible: true, why: obstacle };
}

const { major: sinceMajor, minor: sinceMinor } = podCertificatesSince;
const since = `Kubernetes ${sinceMajor}.${sinceMinor}`;
const mostNamed = 3;
const issuerOutside =
  'Certificates are signed by an issuer of cert-manager, which wants a request that is signed with the private key, and nobody but the kubelet has it.';

/** null: there is none. */
function obstacleIn({ isServed, nodes }: ClusterSupport): string | null {
  if (!isServed) return `The API server does not support pod certificates, which came with ${since}.`;
  if (nodes === null)
    return 'The operator has no permission to list nodes, so it cannot tell whether all kubelets support pod certificates. Apply the ClusterRole of deploy/install.yaml.';
  const old = nodes.filter(({ kubeletVersion }) => !isSupporting(kubeletVersion));
  if (old.length === 0) return null;
  const named = old.slice(0, mostNamed).map(({ name, kubeletVersion }) => `${name} (${kubeletVersion})`);
  const more = old.length > mostNamed ? ` and ${old.length - mostNamed} more` : '';
  return `The kubelets of these nodes do not support pod certificates, which came with ${since}: ${named.join(', ')}${more}.`;
}

/** `v1.37.2`, `v1.37.1-eks-5ab1f`; what cannot be read is taken for old. */
function isSupporting(kubeletVersion: string): boolean {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(kubeletVersion) ?? [];
  if (major === undefined || minor === undefined) return false;
  return Number(major) > sinceMajor || (Number(major) === sinceMajor && Number(minor) >= sinceMinor);
}
