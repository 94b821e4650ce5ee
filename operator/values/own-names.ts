// Names by which Kubernetes, and whoever looks at it, knows what is ours.

/** Of our fields in server-side apply, and of what we report. @see https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers */
export const fieldManager = 'meshwright';

/** On every object that is ours as a whole. @see https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/ */
export const managedByLabel = 'app.kubernetes.io/managed-by';
export const managedLabels: Readonly<Record<string, string>> = { [managedByLabel]: fieldManager };

/** On a pod: by what it is guarded. See operator/translate/facts/guard-record.ts. */
export const guardedByKey = 'meshwright.dev/guarded-by';

/** On a pod template (and so on its pods): two fingerprints. On the metadata of a workload: the label "true". */
export const injectedKey = 'meshwright.dev/injected';

/** On a pod with a sidecar, and on a template with our part: a fingerprint of the settings of the mesh that the sidecar was made by. */
export const revisionLabel = 'meshwright.dev/revision';

/** On a pod template that the API server adds the sidecar for: a new value makes new pods. The revision that they are to have, or `none`. */
export const restartedKey = 'meshwright.dev/restarted';

/** On a pod or its template; `false`: no sidecar. */
export const optOutLabel = 'meshwright.dev/inject';

/** Of the policy by which the API server adds sidecars, and of the binding that bounds what it may change. */
export const injectionPolicyName = 'sidecar.meshwright.dev';

/** Of the policy that proves that an API server runs such policies, and of the Lease that it changes, in a dry run only. */
export const admissionCheckName = 'check.meshwright.dev';
/** What it adds: an annotation. */
export const admissionCheckKey = 'meshwright.dev/admission';

/** On ConfigMaps of ours that all operators read: key sets of issuers, and ports that accept plaintext. "true". */
export const jwksLabel = 'meshwright.dev/jwks';

/** A Secret of users with secrets of clients, in any namespace of policies: no other is read for logins. */
export const loginSecretName = 'meshwright-login';

/** Where the operator is installed unless it is told otherwise. */
export const operatorNamespace = 'meshwright-system';

/** Whom tokens for the dashboard are for: they are good for nothing else. */
export const dashboardAudience = 'meshwright-dashboard';
