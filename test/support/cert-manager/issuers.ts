// Issuers of cert-manager as users write them: a certificate authority whose key lies in a Secret that the test made, or that cert-manager keeps.
import type { ICertificate } from '@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate';
import type { IClusterIssuer } from '@kubernetes-models/cert-manager/cert-manager.io/v1/ClusterIssuer';

/** Where Secrets of ClusterIssuers lie. */
export const certManagerNamespace = 'cert-manager';

const apiVersion = 'cert-manager.io/v1';

export function caIssuer(name: string, secretName: string): IClusterIssuer {
  return { apiVersion, kind: 'ClusterIssuer', metadata: { name }, spec: { ca: { secretName } } };
}

export function selfSignedIssuer(name: string): IClusterIssuer {
  return { apiVersion, kind: 'ClusterIssuer', metadata: { name }, spec: { selfSigned: {} } };
}

/** A root that cert-manager makes and renews, for caIssuer. */
export function caCertificate(name: string, issuer: string): ICertificate {
  const spec: ICertificate['spec'] = {
    isCA: true,
    commonName: name,
    secretName: name,
    duration: '8760h',
    privateKey: { algorithm: 'ECDSA', size: 256 },
    issuerRef: { name: issuer, kind: 'ClusterIssuer', group: 'cert-manager.io' },
  };
  return { apiVersion, kind: 'Certificate', metadata: { name, namespace: certManagerNamespace }, spec };
}
