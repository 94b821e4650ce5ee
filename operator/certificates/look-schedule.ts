// When the Secret of an identity is looked at again. Pure. Times are in ms since 1970.
import { type LeafCheck, shareOf } from './renewal.ts';

/** So often a Secret that is good is looked at again, in case it was deleted or damaged. */
const lookMs = 300_000;
/** In a mesh of more than 50 identities more seldom: no more than one look in so long, on average. */
const lookIntervalMs = 6000;
/** Looks that are due at about the same time are one round: to open the authority for each would cost more than the look. */
const gridMs = 60_000;

export interface Due {
  /** When the certificate is to be renewed. */
  readonly renewAtMs: number;
  readonly lookAtMs: number;
}

/**
 * Each identity has a moment of its own in every period, so that the looks are spread over it.
 * @param identities how many there are
 */
// oxlint-disable-next-line max-params -- whose it is, what was found, among how many, when
export function dueOf(spiffeId: string, found: LeafCheck, identities: number, now: number): Due {
  const renewAtMs = found.good ? found.renewAt.getTime() : 0;
  const periodMs = onGrid(Math.max(lookMs, identities * lookIntervalMs));
  const sinceOwnMs = (now - onGrid(shareOf(spiffeId) * periodMs)) % periodMs;
  return { renewAtMs, lookAtMs: Math.min(renewAtMs, now - sinceOwnMs + periodMs) };
}

function onGrid(ms: number): number {
  return Math.floor(ms / gridMs) * gridMs;
}

export function earliest(dues: ReadonlyMap<string, Due>, of: (due: Due) => number): number | undefined {
  let first: number | undefined;
  for (const due of dues.values()) first = Math.min(first ?? Infinity, of(due));
  return first;
}
