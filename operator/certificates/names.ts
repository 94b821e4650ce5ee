// How the Secrets of certificates are called and labelled: what infra mounts and the issuer writes.
import { createHash } from 'node:crypto';
import { loginSecretName, managedLabels } from '../values/own-names.ts';

/** The Secret of the built-in root, in the operator's namespace. */
export const rootSecretName = 'meshwright-ca';

/** The Secret of the replaced certificates and of the list of the revoked ones, in the operator's namespace. */
export const revocationSecretName = 'meshwright-revocations';

/** The Secret of the operator's own certificate where an issuer outside signs it, in the operator's namespace. */
export const ownSecretName = 'meshwright-operator-certificate';

const prefix = 'meshwright-';

const takenNames: readonly string[] = [rootSecretName, revocationSecretName, ownSecretName, loginSecretName];

/** Service accounts whose Secrets have other names, since those are taken. */
export const accountsWithTakenNames = takenNames.map((name) => name.slice(prefix.length));

/** The Secret of a service account's certificate, in its namespace: `meshwright-<service account>`, at most 253 characters. */
export function certificateSecretName(serviceAccount: string): string {
  const name = `${prefix}${serviceAccount}`;
  // A service account called `ca` must not get at a Secret of the operator's own, and a policy with a login not at the key of an account called `login`.
  return takenNames.includes(name) ? withHash(name, serviceAccount) : shortened(name, 253);
}

export function certificateLabels(serviceAccount: string): Readonly<Record<string, string>> {
  return { ...managedLabels, 'meshwright.dev/service-account': shortened(serviceAccount, 63) };
}

/** Kubernetes bounds names (253) and label values (63): a long one ends in a hash of the whole. */
function shortened(text: string, max: number): string {
  return text.length <= max ? text : withHash(text.slice(0, max - 9).replace(/[-.]+$/, ''), text);
}

function withHash(start: string, of: string): string {
  return `${start}-${createHash('sha256').update(of).digest('hex').slice(0, 8)}`;
}
