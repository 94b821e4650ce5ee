// The roots as they lie in the Secret of the operator, with how a rotation stands: all in one object, so that a step is one write. tls.crt
// and tls.key are those that sign leaves, as they are without a rotation. Of an intermediate that a user brought, this is the copy that is
// in force; root.crt beside it is its root.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { SecretData } from '../ports/platform.ts';
import { compareText } from '../values/compare-text.ts';
import type { RotationEnd } from './authority.ts';
import { IntermediateRefused, parseIntermediate } from './intermediate.ts';
import { parseRoot, type Root, RootUnusable } from './root.ts';
import { issuerFile, parseIssuer } from './requested/stored-issuer.ts';
import { type Rotation, trustsBoth } from './rotation.ts';

const rotationFile = 'rotation.json';
/** What holds the certificates, the key, and where an intermediate signs, the root. */
interface SlotFiles {
  readonly certificate: string;
  readonly key: string;
  readonly root: string;
  /** Names the issuer outside that signs instead of a key. */
  readonly issuer: string;
}
const signerFiles: SlotFiles = {
  certificate: 'tls.crt',
  key: 'tls.key',
  root: 'root.crt',
  issuer: issuerFile,
};
const otherFiles: SlotFiles = {
  certificate: 'other.crt',
  key: 'other.key',
  root: 'other-root.crt',
  issuer: 'other-issuer.json',
};

export interface StoredRoots {
  readonly signer: Root;
  /** null: no rotation is under way. */
  readonly rotating: { readonly other: Root; readonly rotation: Rotation } | null;
  readonly last: RotationEnd | null;
}

const ms = z.number();
const Stored = z.object({
  rotation: z
    .object({
      phase: z.enum(['Prepare', 'TrustBoth', 'Switch', 'Retire']),
      isBack: z.boolean(),
      startedMs: ms,
      sinceMs: ms,
      leavesFromMs: ms,
      ownSigner: z.enum(['signer', 'other']),
    })
    .nullable(),
  last: z.object({ outcome: z.enum(['Completed', 'Aborted']), atMs: ms }).nullable(),
});
type Stored = z.infer<typeof Stored>;

/** where: how the message names its place. Throws RootUnusable. */
export function parseRoots(data: SecretData, where: string, now: number): StoredRoots {
  const signer = parseSlot(pairOf(data), signerFiles, { where, now });
  const { rotation, last } = storedIn(data[rotationFile], where);
  if (rotation === null) return { signer, rotating: null, last };
  const other = parseSlot(otherPair(data), otherFiles, { where, now });
  return { signer, rotating: { other, rotation }, last };
}

function parseSlot(
  pair: SecretData,
  files: SlotFiles,
  at: { readonly where: string; readonly now: number },
): Root {
  // A rotation that is held up for long must not take the root that signs along.
  const isOther = files !== signerFiles;
  if (pair[signerFiles.issuer] !== undefined) return parseIssuer(pair, at.where);
  const root = pair[signerFiles.root];
  if (root === undefined) return parseRoot(pair, at.where, at.now, { ...files, isOther });
  try {
    // One that has expired may have been renewed by the user.
    return parseIntermediate({ ...pair, 'ca.crt': root }, { ...at, mayHaveExpired: true });
  } catch (error) {
    throw error instanceof IntermediateRefused ? new RootUnusable(error.message) : error;
  }
}

function storedIn(text: string | undefined, where: string): Stored {
  if (text === undefined) return { rotation: null, last: null };
  try {
    return Stored.parse(JSON.parse(text));
  } catch {
    throw new RootUnusable(
      `${rotationFile} in ${where} cannot be read, so that nobody knows how far the rotation of the root is. Restore ${where} from a backup.`,
    );
  }
}

/** Of a root that signs and another one. */
export function rotatingData(signer: SecretData, other: SecretData, rotation: Rotation): SecretData {
  return {
    ...pairOf(signer),
    ...moved(other, signerFiles, otherFiles),
    [rotationFile]: JSON.stringify({ rotation, last: null } satisfies Stored),
  };
}

/** The other root is gone. */
export function restingData(signer: SecretData, last: RotationEnd): SecretData {
  return { ...pairOf(signer), [rotationFile]: JSON.stringify({ rotation: null, last } satisfies Stored) };
}

/** The pair of the other root, as if it signed. */
export function otherPair(data: SecretData): SecretData {
  return moved(data, otherFiles, signerFiles);
}

/** As it is stored, of what a user brought. */
export function pluggedPair(data: SecretData): SecretData {
  return { ...moved(data, signerFiles, signerFiles), [signerFiles.root]: data['ca.crt'] ?? '' };
}

/** The same data with another pair in one place. */
export function withPair(data: SecretData, place: 'signer' | 'other', pair: SecretData): SecretData {
  const files = place === 'signer' ? signerFiles : otherFiles;
  const rest = Object.entries(data).filter(([file]) => !Object.values(files).includes(file));
  return { ...Object.fromEntries(rest), ...moved(pair, signerFiles, files) };
}

function pairOf(data: SecretData): SecretData {
  return moved(data, signerFiles, signerFiles);
}

function moved(data: SecretData, from: SlotFiles, to: SlotFiles): SecretData {
  const [root, issuer] = [data[from.root], data[from.issuer]];
  return {
    [to.certificate]: data[from.certificate] ?? '',
    [to.key]: data[from.key] ?? '',
    ...(root !== undefined && { [to.root]: root }),
    ...(issuer !== undefined && { [to.issuer]: issuer }),
  };
}

/** PEM of the roots that sidecars are to believe in each other's certificates. */
export function meshBundle({ signer, rotating }: StoredRoots): string {
  return rotating !== null && trustsBoth(rotating.rotation)
    ? bundleOf([signer, rotating.other])
    : signer.certificate;
}

/** PEM of all roots. */
export function wholeBundle({ signer, rotating }: StoredRoots): string {
  return bundleOf(rotating === null ? [signer] : [signer, rotating.other]);
}

/** PEM of the certificates that sign leaves. */
export function issuersOf({ signer, rotating }: StoredRoots): string {
  return rotating === null ? signer.issuer : signer.issuer + rotating.other.issuer;
}

/** PEM of intermediates that may have signed leaves, where that is not known from the start. */
export function linksOf({ signer, rotating }: StoredRoots): string {
  return rotating === null ? signer.links : signer.links + rotating.other.links;
}

/** The same whichever of them signs. */
function bundleOf(roots: readonly Root[]): string {
  return [...new Set(roots.map(({ certificate }) => certificate))].toSorted(compareText).join('');
}

/** Of a certificate that signs leaves, as PEM. */
export function issuerId(certificate: string): string {
  return createHash('sha256').update(certificate).digest('hex').slice(0, 16);
}
