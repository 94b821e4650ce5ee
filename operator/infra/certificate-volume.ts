// The volume with the certificate of a pod: from a Secret and a ConfigMap of its namespace, or from what its kubelet asks for, with the key
// that it made itself. Entry: renderCertificates. Pure.
//
// One directory, swapped at once, with the same files either way. Of the default mode, which others may read: only our container mounts it.
// Not optional: without a file Envoy starts, looks well and makes no TLS connection.
import { certificateFiles } from '../values/certificate-files.ts';
import {
  certificateVolume,
  longestLifeSeconds,
  sdsAnnotations,
  signerName,
  trustBundleName,
} from '../values/pod-certificates.ts';
import { renderSdsFiles } from './certificate-files.ts';
import { sdsConfigMap } from './pod-names.ts';

export type CertificateSource =
  /** secret: with the certificate of the service account of the pod. */
  { readonly type: 'Secret'; readonly secret: string } | { readonly type: 'PodCertificate' };

interface CertificatePart {
  readonly volume: {
    readonly name: string;
    readonly projected: { readonly sources: readonly object[] };
  };
  /** Of the pod: what its volume reads from there. */
  readonly annotations: Readonly<Record<string, string>>;
}

export function renderCertificates(source: CertificateSource): CertificatePart {
  const part = source.type === 'Secret' ? fromSecret(source.secret) : fromKubelet();
  return {
    volume: { name: certificateVolume, projected: { sources: part.sources } },
    annotations: part.annotations,
  };
}

interface Sources {
  readonly sources: readonly object[];
  readonly annotations: CertificatePart['annotations'];
}

function fromSecret(name: string): Sources {
  const files = [certificateFiles.certificate, certificateFiles.key, certificateFiles.roots];
  return {
    sources: [
      { secret: { name, items: files.map((file) => ({ key: file, path: file })) } },
      // Every file in it, so that a later one needs no new template.
      { configMap: { name: sdsConfigMap } },
    ],
    annotations: {},
  };
}

/** Nothing of ours has to lie in the namespace. @see https://kubernetes.io/docs/concepts/storage/projected-volumes/#podcertificate */
function fromKubelet(): Sources {
  const { certificate, key, roots, leafSds, rootsSds } = certificateFiles;
  const sds = renderSdsFiles('');
  return {
    sources: [
      {
        podCertificate: {
          signerName,
          keyType: 'ECDSAP256',
          // The most there is: the signer decides, so that another workloadTTL needs no new template.
          maxExpirationSeconds: longestLifeSeconds,
          keyPath: key,
          certificateChainPath: certificate,
        },
      },
      { clusterTrustBundle: { name: trustBundleName, path: roots } },
      {
        downwardAPI: {
          items: [
            annotationFile(sdsAnnotations.leaf, leafSds),
            annotationFile(sdsAnnotations.roots, rootsSds),
          ],
        },
      },
    ],
    annotations: {
      [sdsAnnotations.leaf]: sds.get(leafSds) ?? '',
      [sdsAnnotations.roots]: sds.get(rootsSds) ?? '',
    },
  };
}

function annotationFile(annotation: string, path: string): object {
  return { path, fieldRef: { fieldPath: `metadata.annotations['${annotation}']` } };
}
