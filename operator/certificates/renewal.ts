// When a certificate is to be renewed, and whether what lies in a Secret is good. Pure: time comes in as an argument.
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import type { SecretData } from '../ports/platform.ts';
import type { KeyPair, Signer } from './authority.ts';
import { rememberLast } from '../values/remember.ts';
import { pemsOf } from './pems.ts';
import { leadsTo } from './requested/chain.ts';
import { backDateMs, serialText } from './root.ts';

/** Why a certificate has to be issued. */
export type RenewalReason =
  | 'Missing'
  | 'Damaged'
  | 'OtherIdentity'
  | 'OtherIssuer'
  | 'LivesTooLong'
  | 'IssuedBefore'
  | 'Due'
  /** The leaf is good, the roots beside it are not: it gets others, and stays. */
  | 'OtherRoots';

export interface WantedLeaf {
  readonly spiffeId: string;
  readonly ttlMs: number;
  /** Milliseconds since 1970, not in force while still to come; null: any time is right. */
  readonly issuedAfterMs: number | null;
  /** PEM of the roots; the Secret's ca.crt must say the same. */
  readonly trustBundle: string;
  readonly signer: Signer;
}

/** 0 to 1, always the same for one key, and evenly spread over many: spreads the load. */
export function shareOf(key: string): number {
  return createHash('sha256').update(key).digest().readUInt32BE(0) / 0xffff_ffff;
}

/** Share of the life by which renewal is moved, −0.05 to 0.05. */
export function jitterOf(key: string): number {
  return (shareOf(key) - 0.5) * 0.1;
}

/** Half of the life after it was issued (notBefore is back-dated), moved by jitter, a share of the life. */
export function renewAt(pair: Pick<KeyPair, 'notBefore' | 'notAfter'>, jitter: number): Date {
  const end = pair.notAfter.getTime();
  const issued = Math.min(pair.notBefore.getTime() + backDateMs, end);
  return new Date(issued + (end - issued) * (0.5 + jitter));
}

export type LeafCheck =
  | { readonly good: true; readonly renewAt: Date; readonly notAfter: Date }
  | { readonly good: false; readonly reason: RenewalReason };

/** Judges the data of a certificate Secret. now: ms since 1970. */
export function checkLeaf(data: SecretData | undefined, want: WantedLeaf, now: number): LeafCheck {
  if (data?.['tls.crt'] === undefined || data['tls.key'] === undefined) return bad('Missing');
  const leaf = parseLeaf(data['tls.crt'], data['tls.key']);
  if (leaf === undefined) return bad('Damaged');
  if (!uriNames(leaf).includes(want.spiffeId)) return bad('OtherIdentity');
  if (!isOf(leaf, data, want.signer)) return bad('OtherIssuer');
  const life = { notBefore: leaf.validFromDate, notAfter: leaf.validToDate };
  if (life.notAfter.getTime() - now > mostLifeMs(want)) return bad('LivesTooLong');
  if (isIssuedBefore(issuedMsOf(data, leaf) - backDateMs, want.issuedAfterMs, now))
    return bad('IssuedBefore');
  const due = dueAt(life, want, now);
  if (due.getTime() <= now && due !== life.notAfter) return bad('Due');
  return data['ca.crt'] === want.trustBundle
    ? { good: true, renewAt: due, notAfter: life.notAfter }
    : bad('OtherRoots');
}

interface Life {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

function dueAt(life: Life, { spiffeId, signer }: WantedLeaf, now: number): Date {
  const due = renewAt(life, jitterOf(spiffeId));
  // One that ends with the root cannot be made to live longer: renewing it would go on for ever, ever faster.
  const endsWithRoot = life.notAfter.getTime() >= signer.notAfter.getTime();
  return endsWithRoot && due.getTime() <= now ? life.notAfter : due;
}

/** The clock of an issuer outside is another one. */
function mostLifeMs({ ttlMs, signer }: WantedLeaf): number {
  return signer.chain === null ? ttlMs + backDateMs : ttlMs;
}

/** data: of the leaf, and of what it is presented with. */
function isOf(leaf: X509Certificate, data: SecretData, { issuer, chain, leavesFromMs }: Signer): boolean {
  const pem = data['tls.crt'] ?? '';
  if (issuedMsOf(data, leaf) < leavesFromMs) return false;
  if (chain === null) return leadsTo(issuer, pem);
  return chainIn(pem) === chain && isSignedByOneOf(leaf, issuer);
}

/** Beside a certificate of an issuer outside: when it was issued, in ms since 1970. How far that dates back is its own affair. */
export const issuedFile = 'issued-ms';

function issuedMsOf(data: SecretData, leaf: X509Certificate): number {
  const noted = Number(data[issuedFile] ?? Number.NaN);
  return Number.isNaN(noted) ? leaf.validFromDate.getTime() + backDateMs : noted;
}

/** A certificate of ours, as it is remembered after it was replaced. Times in ms since 1970. */
export interface RememberedLeaf {
  readonly serial: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** The certificate that is being replaced; undefined if nobody of the mesh would believe it, or its key is not beside it. */
export function replacedLeaf(data: SecretData | undefined, trustBundle: string): RememberedLeaf | undefined {
  const leaf = parseLeaf(data?.['tls.crt'] ?? '', data?.['tls.key'] ?? '');
  if (leaf === undefined || !isSignedByOneOf(leaf, trustBundle)) return undefined;
  return {
    serial: serialText(leaf.serialNumber),
    notBeforeMs: leaf.validFromDate.getTime(),
    notAfterMs: leaf.validToDate.getTime(),
  };
}

/** Certificates know whole seconds only. afterMs: not in force while still to come. */
export function isIssuedBefore(notBeforeMs: number, afterMs: number | null, now: number): boolean {
  if (afterMs === null || afterMs > now) return false;
  return notBeforeMs + backDateMs < Math.floor(afterMs / 1000) * 1000;
}

/** The reason to issue anew, undefined if there is none. */
export function needsRenewal(
  data: SecretData | undefined,
  want: WantedLeaf,
  now: number,
): RenewalReason | undefined {
  const check = checkLeaf(data, want, now);
  return check.good ? undefined : check.reason;
}

const bad = (reason: RenewalReason): LeafCheck => ({ good: false, reason });

function parseLeaf(certificate: string, key: string): X509Certificate | undefined {
  try {
    const leaf = new X509Certificate(certificate);
    return leaf.checkPrivateKey(createPrivateKey(key)) ? leaf : undefined;
  } catch {
    return undefined;
  }
}

function uriNames(leaf: X509Certificate): string[] {
  const names = leaf.subjectAltName?.split(', ') ?? [];
  return names.filter((name) => name.startsWith('URI:')).map((name) => name.slice('URI:'.length));
}

function isSignedByOneOf(leaf: X509Certificate, bundle: string): boolean {
  return rootsOf(bundle).some((root) => leaf.checkIssued(root) && leaf.verify(root.publicKey));
}

/** What follows the leaf. */
function chainIn(certificate: string): string {
  return pemsOf(certificate)
    .slice(1)
    .map((pem) => `${pem}\n`)
    .join('');
}

/** The same for all leaves. */
const rootsOf = rememberLast((bundle: string): readonly X509Certificate[] => {
  return pemsOf(bundle).map((pem) => new X509Certificate(pem));
});
