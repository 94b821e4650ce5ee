// The authority as it is stored in a Secret of the platform: made once, by whichever operator comes first, as the Mesh asks for it, renewed
// as the user renews what they brought, and replaced by another one in steps (rotation.ts).
import type { AuthorityIr } from '../ir/mesh-ir.ts';
import type { SecretData, SecretPort } from '../ports/platform.ts';
import { managedLabels } from '../values/own-names.ts';
import type {
  Authority,
  AuthorityExpiry,
  AuthorityFacts,
  LeafRequest,
  OwnSigner,
  RotatingRoot,
  Signer,
} from './authority.ts';
import {
  type AuthorityChange,
  authorityChange,
  isSameAuthority,
  type WantedAuthority,
} from './authority-change.ts';
import { signLeaf } from './leaf.ts';
import { readWanted, tryOut } from './plugged.ts';
import { revocationListsOf } from './revocation-list.ts';
import { backDateMs, makeRoot, type Root, RootUnusable } from './root.ts';
import {
  issuerId,
  issuersOf,
  meshBundle,
  otherPair,
  parseRoots,
  pluggedPair,
  restingData,
  rotatingData,
  type StoredRoots,
  wholeBundle,
} from './stored-roots.ts';

export interface StoredAuthoritySettings {
  readonly secrets: SecretPort;
  /** Default: a root of Meshwright's own. */
  readonly authority?: AuthorityIr;
  /** Where the operator keeps it, and where what a user brought lies. */
  readonly namespace: string;
  /** For example rootSecretName. Holds tls.crt and tls.key. */
  readonly secretName: string;
  /** Of a root that is still to be made. */
  readonly trustDomain: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Reads the authority that is in force, or makes it if there is none. Never overwrites one, except in a step of its rotation, and a plugged
 * one by what its user renewed. Rejects with RootUnusable if what is there cannot sign; open again after it was repaired.
 */
export async function openStoredAuthority(settings: StoredAuthoritySettings): Promise<Authority> {
  const { now } = settings;
  const wanted = await readWanted(settings.authority ?? { type: 'BuiltIn' }, settings);
  const { data, roots, change } = await upToDate(settings, await readOrMake(settings, wanted), wanted);
  const { rotating } = roots;
  const signer = signerOf(roots);
  checkInForce(roots.signer, settings, change);
  return {
    trustBundle: () => meshBundle(roots),
    controlPlaneBundle: () => wholeBundle(roots),
    issuers: issuersOf(roots),
    signer,
    expiry: expiryOf(roots.signer, now()),
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
    rotating: rotatingRoot(settings, { roots, data, change }),
    facts: factsOf(roots.signer, wanted, change),
  };
}

function expiryOf({ rootNotAfter, intermediateNotAfter, soonMs }: Root, now: number): AuthorityExpiry {
  return { root: rootNotAfter, intermediate: intermediateNotAfter, isSoon: soonMs <= now };
}

/** What is stored, and what is to become of it. */
interface Opened {
  readonly data: SecretData;
  readonly roots: StoredRoots;
  readonly change: AuthorityChange;
}

async function upToDate(
  settings: StoredAuthoritySettings,
  data: SecretData,
  wanted: WantedAuthority,
): Promise<Opened> {
  const roots = parseRoots(data, placeOf(settings), settings.now());
  const change = await tried(authorityChange(data, roots, wanted), wanted, settings);
  if (change.type !== 'Renew') return { data, roots, change };
  const stored = await replace(settings, data, change.data);
  // Of several that renew it at once, one wins, and the others read that.
  const present = stored ? change.data : await readOrMake(settings, wanted);
  return {
    data: present,
    roots: parseRoots(present, placeOf(settings), settings.now()),
    change: { type: 'None' },
  };
}

/** What is not in use yet is tried before it is. */
async function tried(
  change: AuthorityChange,
  wanted: WantedAuthority,
  settings: StoredAuthoritySettings,
): Promise<AuthorityChange> {
  if (wanted.type !== 'Plugged' || (change.type !== 'Renew' && change.type !== 'Replace')) return change;
  const why = await tryOut(wanted.root, wanted.where, settings);
  return why === null ? change : { type: 'Impossible', why };
}

function placeOf({ namespace, secretName }: StoredAuthoritySettings): string {
  return `Secret ${namespace}/${secretName}`;
}

function checkInForce(signer: Root, settings: StoredAuthoritySettings, change: AuthorityChange): void {
  if (!signer.isPlugged || signer.notAfter.getTime() > settings.now()) return;
  const why = change.type === 'Impossible' ? ` ${change.why}` : '';
  throw new RootUnusable(
    `The intermediate or its root expired on ${signer.notAfter.toISOString()}. No certificate is issued or renewed until the Secret that the Mesh names has a valid one of the same root.${why} ` +
      `Or delete ${placeOf(settings)}, and the authority that the Mesh asks for is taken at once; connections then fail until every workload has a certificate from it.`,
  );
}

function factsOf(signer: Root, wanted: WantedAuthority, change: AuthorityChange): AuthorityFacts {
  const isAsWanted =
    wanted.type === 'BuiltIn'
      ? !signer.isPlugged
      : wanted.type === 'Plugged' && isSameAuthority(signer, wanted.root);
  return {
    isPlugged: signer.isPlugged,
    wanted: wanted.type === 'BuiltIn' ? null : wanted.where,
    isAsWanted,
    problem: change.type === 'Impossible' ? change.why : null,
  };
}

function signerOf({ signer, rotating }: StoredRoots): Signer {
  const { issuer, chain, notAfter } = signer;
  const leavesFromMs = rotating?.rotation.phase === 'Switch' ? rotating.rotation.leavesFromMs : 0;
  return { issuer, chain, notAfter, leavesFromMs };
}

function ownSigner(root: Root, now: () => number): OwnSigner {
  const issue = (request: LeafRequest): ReturnType<OwnSigner['issue']> => signLeaf(root, request, now());
  const { issuer, chain, notAfter } = root;
  return { issuer, chain, notAfter, issue };
}

function rotatingRoot(
  settings: StoredAuthoritySettings,
  { roots, data: before, change }: Opened,
): RotatingRoot {
  const { trustDomain, now } = settings;
  const { signer, rotating, last } = roots;
  const store = (data: SecretData): Promise<boolean> => replace(settings, before, data);
  const brought = change.type === 'Replace' ? change.pair : null;
  return {
    id: issuerId(signer.issuer),
    issuedMs: signer.notBefore.getTime() + backDateMs,
    notAfterMs: signer.rootNotAfter.getTime(),
    isOurs: signer.isOurs,
    isPlugged: signer.isPlugged,
    isToChange: change.type === 'Replace',
    endsLists: change.type === 'Replace' && change.endsLists,
    rotation: rotating?.rotation ?? null,
    last,
    isOtherValid: rotating === null || rotating.other.notAfter.getTime() > now(),
    begin: async (rotation) => {
      const other = brought ?? (await makeRoot(trustDomain, now()));
      return store(rotatingData(before, other, rotation));
    },
    take: (step) => {
      if (step.type === 'end') return store(restingData(before, { outcome: step.outcome, atMs: now() }));
      const other = otherPair(before);
      return store(
        step.swaps ? rotatingData(other, before, step.rotation) : rotatingData(before, other, step.rotation),
      );
    },
  };
}

async function replace(
  { secrets, namespace, secretName }: StoredAuthoritySettings,
  before: SecretData,
  data: SecretData,
): Promise<boolean> {
  return (
    (await secrets.replace(namespace, secretName, { before, data, labels: managedLabels })) === 'replaced'
  );
}

async function readOrMake(settings: StoredAuthoritySettings, wanted: WantedAuthority): Promise<SecretData> {
  const { secrets, namespace, secretName } = settings;
  const present = await secrets.read(namespace, secretName);
  if (present !== undefined) return present;
  const made = await first(settings, wanted);
  if ((await secrets.create(namespace, secretName, made, managedLabels)) === 'created') return made;
  const winner = await secrets.read(namespace, secretName);
  if (winner === undefined)
    throw new Error(`Secret ${namespace}/${secretName} was deleted while it was being made`);
  return winner;
}

/** Nothing signs until what the Mesh asks for can: a root that nobody wants would have to be replaced. */
async function first(settings: StoredAuthoritySettings, wanted: WantedAuthority): Promise<SecretData> {
  if (wanted.type === 'BuiltIn') return makeRoot(settings.trustDomain, settings.now());
  const why = wanted.type === 'Unusable' ? wanted.why : await tryOut(wanted.root, wanted.where, settings);
  if (wanted.type === 'Unusable' || why !== null) throw new RootUnusable(`No certificate is issued. ${why}`);
  return pluggedPair(wanted.data);
}
