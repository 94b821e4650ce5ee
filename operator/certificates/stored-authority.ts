// The authority as it is stored in a Secret of the platform: made once, by whichever operator comes first, as the Mesh asks for it, renewed
// as the user renews what they brought, and replaced by another one in steps (rotation.ts).
import type { AuthorityIr } from '../ir/mesh-ir.ts';
import type { SecretData, SecretPort } from '../ports/platform.ts';
import { managedLabels } from '../values/own-names.ts';
import type { Authority, AuthorityExpiry, AuthorityFacts } from './authority.ts';
import {
  type AuthorityChange,
  authorityChange,
  isSameAuthority,
  type WantedAuthority,
} from './authority-change.ts';
import { certifierOf, leavesOf, ownSigner, signerOf } from './leaf-source.ts';
import { readWanted } from './plugged.ts';
import type { AskSettings } from './requested/wanted-issuer.ts';
import { revocationListsOf } from './revocation-list.ts';
import { makeRoot, type Root, RootUnusable } from './root.ts';
import { type Opened, rotatingRoot } from './rotating-root.ts';
import { issuersOf, linksOf, meshBundle, parseRoots, wholeBundle } from './stored-roots.ts';
import { tryOut } from './trial.ts';

export interface StoredAuthoritySettings extends AskSettings {
  readonly secrets: SecretPort;
  /** Default: a root of Meshwright's own. */
  readonly authority?: AuthorityIr;
  /** Where the operator keeps it, and where what a user brought lies. */
  readonly namespace: string;
  /** For example rootSecretName. Holds tls.crt and tls.key. */
  readonly secretName: string;
  /** Of a root that is still to be made. */
  readonly trustDomain: string;
}

/**
 * Reads the authority that is in force, or makes it if there is none. Never overwrites one, except in a step of its rotation, and a plugged
 * one by what its user renewed. Rejects with RootUnusable if what is there cannot sign; open again after it was repaired.
 */
export async function openStoredAuthority(settings: StoredAuthoritySettings): Promise<Authority> {
  const { now, secrets, namespace, secretName } = settings;
  const present = await secrets.read(namespace, secretName);
  const wanted = await readWanted(settings.authority ?? { type: 'BuiltIn' }, settings, present);
  const opened = await upToDate(settings, present ?? (await make(settings, wanted)), wanted);
  const { roots, change } = opened;
  const { signer, rotating } = roots;
  checkInForce(signer, settings, change);
  return {
    trustBundle: () => meshBundle(roots),
    controlPlaneBundle: () => wholeBundle(roots),
    issuers: issuersOf(roots),
    links: linksOf(roots),
    signer: signerOf(roots),
    expiry: expiryOf(signer, now()),
    issue: leavesOf(roots, settings),
    certify: certifierOf(roots, settings),
    own: ownSigner(roots, settings),
    revocationLists: revocationListsOf(rotating === null ? [signer] : [signer, rotating.other], now),
    rotating: rotatingRoot(
      {
        ...settings,
        seen: settings.asking?.requester.seen,
        store: (before, data) => replace(settings, before, data),
      },
      opened,
    ),
    facts: factsOf(signer, wanted, change),
  };
}

function expiryOf({ rootNotAfter, intermediateNotAfter, soonMs }: Root, now: number): AuthorityExpiry {
  return { root: rootNotAfter, intermediate: intermediateNotAfter, isSoon: soonMs <= now };
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
  const present = stored ? change.data : await read(settings);
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
  if (isKnown(wanted.root, settings)) return change;
  const why = await tryOut(wanted.root, wanted.where, settings);
  return why === null ? change : { type: 'Impossible', why };
}

/** An issuer outside has just signed under this root. */
function isKnown({ issuerRef, certificate }: Root, { asking }: StoredAuthoritySettings): boolean {
  return issuerRef !== null && asking?.requester.seen.of(issuerRef)?.root === certificate;
}

function placeOf({ namespace, secretName }: StoredAuthoritySettings): string {
  return `Secret ${namespace}/${secretName}`;
}

function checkInForce(signer: Root, settings: StoredAuthoritySettings, change: AuthorityChange): void {
  if (!signer.isPlugged || signer.notAfter.getTime() > settings.now()) return;
  const why = change.type === 'Impossible' ? ` ${change.why}` : '';
  const until =
    signer.issuerRef === null
      ? 'the Secret that the Mesh names has a valid one of the same root'
      : 'there is a valid one';
  throw new RootUnusable(
    `The intermediate or its root expired on ${signer.notAfter.toISOString()}. No certificate is issued or renewed until ${until}.${why} ` +
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

async function replace(
  { secrets, namespace, secretName }: StoredAuthoritySettings,
  before: SecretData,
  data: SecretData,
): Promise<boolean> {
  return (
    (await secrets.replace(namespace, secretName, { before, data, labels: managedLabels })) === 'replaced'
  );
}

async function read(settings: StoredAuthoritySettings): Promise<SecretData> {
  const { secrets, namespace, secretName } = settings;
  const data = await secrets.read(namespace, secretName);
  if (data === undefined) throw new Error(`${placeOf(settings)} was deleted while it was being made`);
  return data;
}

async function make(settings: StoredAuthoritySettings, wanted: WantedAuthority): Promise<SecretData> {
  const { secrets, namespace, secretName } = settings;
  const made = await first(settings, wanted);
  const isOurs = (await secrets.create(namespace, secretName, made, managedLabels)) === 'created';
  return isOurs ? made : read(settings);
}

/** Nothing signs until what the Mesh asks for can: a root that nobody wants would have to be replaced. */
async function first(settings: StoredAuthoritySettings, wanted: WantedAuthority): Promise<SecretData> {
  if (wanted.type === 'BuiltIn') return makeRoot(settings.trustDomain, settings.now());
  const why = wanted.type === 'Unusable' ? wanted.why : await tryOut(wanted.root, wanted.where, settings);
  if (wanted.type === 'Unusable' || why !== null) throw new RootUnusable(`No certificate is issued. ${why}`);
  return wanted.pair;
}
