// The roots of the built-in authority as they lie in its Secret, with how a rotation stands: all in one object, so that a step is one
// write. tls.crt and tls.key are those of the root that signs leaves, as they are without a rotation.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { SecretData } from '../ports/platform.ts';
import { compareText } from '../values/compare-text.ts';
import type { RotationEnd } from './authority.ts';
import { parseRoot, type Root, RootUnusable } from './root.ts';
import { type Rotation, trustsBoth } from './rotation.ts';

const rotationFile = 'rotation.json';
const [otherCertificate, otherKey] = ['other.crt', 'other.key'] as const;

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
  const signer = parseRoot(data, where, now);
  const { rotation, last } = storedIn(data[rotationFile], where);
  if (rotation === null) return { signer, rotating: null, last };
  const pair = { 'tls.crt': data[otherCertificate] ?? '', 'tls.key': data[otherKey] ?? '' };
  const other = parseRoot(pair, where, now, {
    certificate: otherCertificate,
    key: otherKey,
    // A rotation that is held up for long must not take the root that signs along.
    isOther: true,
  });
  return { signer, rotating: { other, rotation }, last };
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
    [otherCertificate]: other['tls.crt'] ?? '',
    [otherKey]: other['tls.key'] ?? '',
    [rotationFile]: JSON.stringify({ rotation, last: null } satisfies Stored),
  };
}

/** The other root is gone. */
export function restingData(signer: SecretData, last: RotationEnd): SecretData {
  return { ...pairOf(signer), [rotationFile]: JSON.stringify({ rotation: null, last } satisfies Stored) };
}

/** The pair of the other root, as if it signed. */
export function otherPair(data: SecretData): SecretData {
  return { 'tls.crt': data[otherCertificate] ?? '', 'tls.key': data[otherKey] ?? '' };
}

function pairOf(data: SecretData): SecretData {
  return { 'tls.crt': data['tls.crt'] ?? '', 'tls.key': data['tls.key'] ?? '' };
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

/** The same whichever of them signs. */
function bundleOf(roots: readonly Root[]): string {
  return roots
    .map(({ certificate }) => certificate)
    .toSorted(compareText)
    .join('');
}

export function rootId(certificate: string): string {
  return createHash('sha256').update(certificate).digest('hex').slice(0, 16);
}
