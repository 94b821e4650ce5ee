// The built-in authority: its root lies in a Secret of the platform, made once, by whichever operator comes first.
import type { SecretData, SecretPort } from '../ports/platform.ts';
import type { Authority } from './authority.ts';
import { signLeaf } from './leaf.ts';
import { managedLabels } from '../values/own-names.ts';
import { revocationListsOf } from './revocation-list.ts';
import { makeRoot, parseRoot } from './root.ts';

export interface BuiltInSettings {
  readonly secrets: SecretPort;
  /** Where the operator keeps its root. */
  readonly namespace: string;
  /** For example rootSecretName. Holds tls.crt and tls.key. */
  readonly secretName: string;
  /** Of a root that is still to be made. */
  readonly trustDomain: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Reads the root, or makes it if there is none. Never overwrites one.
 * Rejects with RootUnusable if the root that is there cannot sign; open again after it was repaired.
 */
export async function openBuiltInAuthority(settings: BuiltInSettings): Promise<Authority> {
  const { now } = settings;
  const data = await readOrMake(settings);
  const root = parseRoot(data, `Secret ${settings.namespace}/${settings.secretName}`, now());
  return {
    trustBundle: () => root.certificate,
    rootNotAfter: () => root.notAfter,
    issue: (request) => signLeaf(root, request, now()),
    revocationLists: revocationListsOf(root, now),
  };
}

async function readOrMake(settings: BuiltInSettings): Promise<SecretData> {
  const { secrets, namespace, secretName } = settings;
  const present = await secrets.read(namespace, secretName);
  if (present !== undefined) return present;
  const made = await makeRoot(settings.trustDomain, settings.now());
  if ((await secrets.create(namespace, secretName, made, managedLabels)) === 'created') return made;
  const winner = await secrets.read(namespace, secretName);
  if (winner === undefined)
    throw new Error(`Secret ${namespace}/${secretName} was deleted while it was being made`);
  return winner;
}
