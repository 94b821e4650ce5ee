// Names by which the kubelets, the API server and the operator agree on certificates whose keys are made on the nodes.
// @see https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#pod-certificate-requests

/** The operator: whom PodCertificateRequests are addressed to. install.yaml grants it. */
export const signerName = 'meshwright.dev/workload';

/** The ClusterTrustBundle with the roots. Kubernetes wants the name of the signer before the last colon. */
export const trustBundleName = 'meshwright.dev:workload:roots';

/** Our volume in a pod. */
export const certificateVolume = 'mw-certs';

/** On a pod with such a volume: the two SDS files, which come from there into the volume. */
export const sdsAnnotations = { leaf: 'meshwright.dev/sds-leaf', roots: 'meshwright.dev/sds-roots' } as const;

/** What every node and the API server must run. */
export const podCertificatesSince = { major: 1, minor: 37 } as const;

/** No certificate that Kubernetes permits is valid for a shorter or a longer time, from notBefore to notAfter. */
export const shortestLifeMs = 3_600_000;
export const longestLifeSeconds = 7_862_400;
