// Certificates that were replaced and have not expired: which of them are revoked, and when. Pure: time comes in as an argument.
import { z } from 'zod';
import { isIssuedBefore, type RememberedLeaf } from './renewal.ts';
import { backDateMs } from './root.ts';

/**
 * So long a replaced certificate stays good at least, so that every sidecar has read the new one: left alone, kubelets look at
 * Secrets every 60 to 90 s.
 */
export const revocationDelayMs = 120_000;
/** With their list they fit into a Secret, which holds 1 MiB. Of more, those that expire last are remembered. */
export const maxRemembered = 5000;

export interface ReplacedLeaf extends RememberedLeaf {
  /** Not later than the new certificate was written. */
  readonly replacedMs: number;
}

export interface Ledger {
  /** The latest `issuedAfter` that was ever in force, in ms since 1970: what was revoked stays so. */
  readonly issuedAfterMs: number | null;
  readonly leaves: readonly ReplacedLeaf[];
}

export const emptyLedger: Ledger = { issuedAfterMs: null, leaves: [] };

/** Serial, not before, not after, replaced: as short as it can be, and still JSON. */
const Row = z.tuple([z.string().regex(/^[0-9a-f]+$/), z.number(), z.number(), z.number()]);
const Stored = z.object({ issuedAfter: z.number().nullable(), replaced: z.array(Row) });

export function ledgerText({ issuedAfterMs, leaves }: Ledger): string {
  const rows = leaves.map(({ serial, notBeforeMs, notAfterMs, replacedMs }) => {
    return [serial, notBeforeMs / 1000, notAfterMs / 1000, Math.ceil(replacedMs / 1000)];
  });
  return JSON.stringify({ issuedAfter: issuedAfterMs, replaced: rows });
}

/** undefined if it is damaged. */
export function parseLedger(text: string): Ledger | undefined {
  try {
    const { issuedAfter, replaced } = Stored.parse(JSON.parse(text));
    const leaves = replaced.map(([serial, notBefore, notAfter, at]) => {
      return {
        serial,
        notBeforeMs: notBefore * 1000,
        notAfterMs: notAfter * 1000,
        replacedMs: at * 1000,
      };
    });
    return { issuedAfterMs: issuedAfter, leaves };
  } catch {
    return undefined;
  }
}

/** These are replaced now. What has expired leaves. */
export function withReplaced(ledger: Ledger, replaced: readonly RememberedLeaf[], now: number): Ledger {
  const all = new Map(ledger.leaves.map((leaf) => [leaf.serial, leaf]));
  for (const leaf of replaced) all.set(leaf.serial, { ...leaf, replacedMs: now });
  const leaves = [...all.values()]
    .filter((leaf) => !hasExpired(leaf, now))
    .toSorted((one, other) => other.notAfterMs - one.notAfterMs)
    .slice(0, maxRemembered);
  return { ...ledger, leaves };
}

/** `issuedAfter` as the Mesh says it, from when it is in force. */
export function withIssuedAfter(ledger: Ledger, issuedAfterMs: number | null, now: number): Ledger {
  if (issuedAfterMs === null || issuedAfterMs > now || issuedAfterMs <= (ledger.issuedAfterMs ?? 0))
    return ledger;
  return { ...ledger, issuedAfterMs };
}

/** Serial numbers, in order. */
export function revokedSerials(ledger: Ledger, now: number): readonly string[] {
  return ledger.leaves
    .filter((leaf) => isToBeRevoked(ledger, leaf, now) && leaf.replacedMs + revocationDelayMs <= now)
    .map(({ serial }) => serial)
    .toSorted();
}

/** When the next certificate is revoked, in ms since 1970; undefined while there is none to come. */
export function nextRevocationMs(ledger: Ledger, now: number): number | undefined {
  const coming = ledger.leaves
    .filter((leaf) => isToBeRevoked(ledger, leaf, now))
    .map(({ replacedMs }) => replacedMs + revocationDelayMs)
    .filter((at) => at > now);
  return coming.length === 0 ? undefined : Math.min(...coming);
}

function isToBeRevoked({ issuedAfterMs }: Ledger, leaf: ReplacedLeaf, now: number): boolean {
  return isIssuedBefore(leaf.notBeforeMs, issuedAfterMs, now) && !hasExpired(leaf, now);
}

/** Also for a peer whose clock is behind. */
function hasExpired({ notAfterMs }: RememberedLeaf, now: number): boolean {
  return notAfterMs + backDateMs < now;
}
