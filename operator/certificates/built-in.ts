// The built-in authority: its root lies in a Secret of the platform, made once, by whichever operator comes first, and replaced by another
// one in steps (rotation.ts).
import type { SecretData, SecretPort } from '../ports/platform.ts';
import { managedLabels } from '../values/own-names.ts';
import type { Authority, LeafRequest, OwnSigner, RotatingRoot, Signer } from './authority.ts';
import { signLeaf } from './leaf.ts';
import { revocationListsOf } from './revocation-list.ts';
import { backDateMs, makeRoot, type Root } from './root.ts';
import {
  meshBundle,
  otherPair,
  parseRoots,
  restingData,
  rootId,
  rotatingData,
  type StoredRoots,
  wholeBundle,
} from './stored-roots.ts';

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
 * Reads the root, or makes it if there is none. Never overwrites one, except in a step of its rotation.
 * Rejects with RootUnusable if the root that is there cannot sign; open again after it was repaired.
 */
export async function openBuiltInAuthority(settings: BuiltInSettings): Promise<Authority> {
  const { now } = settings;
  const data = await readOrMake(settings);
  const roots = parseRoots(data, `Secret ${settings.namespace}/${settings.secretName}`, now());
  const { rotating } = roots;
  const signer = signerOf(roots);
  return {
    trustBundle: () => meshBundle(roots),
    controlPlaneBundle: () => wholeBundle(roots),
    signer,
    issue: (request) => {
      // It may be a moment until leaves count that are issued then; they end no later for that.
      const aheadMs = Math.max(0, signer.leavesFromMs - now());
      return signLeaf(roots.signer, { ...request, ttlMs: request.ttlMs - aheadMs }, now() + aheadMs);
    },
    own: ownSigner(rotating?.rotation.ownSigner === 'other' ? rotating.other : roots.signer, now),
    revocationLists: revocationListsOf(
      rotating === null ? [roots.signer] : [roots.signer, rotating.other],
      now,
    ),
    rotating: rotatingRoot(settings, roots, data),
  };
}

function signerOf({ signer, rotating }: StoredRoots): Signer {
  const { certificate: root, notAfter: rootNotAfter } = signer;
  const leavesFromMs = rotating?.rotation.phase === 'Switch' ? rotating.rotation.leavesFromMs : 0;
  return { root, rootNotAfter, leavesFromMs };
}

function ownSigner(root: Root, now: () => number): OwnSigner {
  const issue = (request: LeafRequest): ReturnType<OwnSigner['issue']> => signLeaf(root, request, now());
  return { root: root.certificate, rootNotAfter: root.notAfter, issue };
}

function rotatingRoot(
  { secrets, namespace, secretName, trustDomain, now }: BuiltInSettings,
  { signer, rotating, last }: StoredRoots,
  before: SecretData,
): RotatingRoot {
  const store = async (data: SecretData): Promise<boolean> =>
    (await secrets.replace(namespace, secretName, { before, data, labels: managedLabels })) === 'replaced';
  return {
    id: rootId(signer.certificate),
    issuedMs: signer.notBefore.getTime() + backDateMs,
    notAfterMs: signer.notAfter.getTime(),
    isOurs: signer.isOurs,
    rotation: rotating?.rotation ?? null,
    last,
    begin: async (rotation) => store(rotatingData(before, await makeRoot(trustDomain, now()), rotation)),
    take: (step) => {
      if (step.type === 'end') return store(restingData(before, { outcome: step.outcome, atMs: now() }));
      const other = otherPair(before);
      return store(
        step.swaps ? rotatingData(other, before, step.rotation) : rotatingData(before, other, step.rotation),
      );
    },
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
