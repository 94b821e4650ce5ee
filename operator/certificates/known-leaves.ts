// Certificates that were found good. They nearly always are the same at the next look: then nothing is parsed, and no signature
// verified, again. Knows neither clock nor Secrets; what it keeps is a hash.
import type { SecretData } from '../ports/platform.ts';
import { sha256 } from '../values/fingerprint.ts';
import { checkLeaf, type LeafCheck, type WantedLeaf } from './renewal.ts';

interface KnownLeaf {
  /** Of what was found, and what was wanted. */
  readonly hash: string;
  readonly check: LeafCheck;
  /** Good so long, in ms since 1970. */
  readonly fromMs: number;
  readonly untilMs: number;
}

export class KnownLeaves {
  readonly #known = new Map<string, KnownLeaf>();

  /** What checkLeaf says. `key`: whose it is. */
  // oxlint-disable-next-line max-params -- whose it is, and what checkLeaf takes
  check(key: string, data: SecretData | undefined, want: WantedLeaf, now: number): LeafCheck {
    const hash = sha256(JSON.stringify([data, want]));
    const known = this.#known.get(key);
    if (known?.hash === hash && now >= known.fromMs && now < known.untilMs) return known.check;
    const check = checkLeaf(data, want, now);
    if (check.good)
      this.#known.set(key, { hash, check, fromMs: now, untilMs: untilMs(check.renewAt, want, now) });
    else this.#known.delete(key);
    return check;
  }

  /** Forgets all others. */
  keep(keys: Pick<ReadonlyMap<string, unknown>, 'has'>): void {
    for (const key of this.#known.keys()) if (!keys.has(key)) this.#known.delete(key);
  }
}

/** Time alone makes it due, or a wish come into force that was still to come. */
function untilMs(renewAt: Date, { issuedAfterMs }: WantedLeaf, now: number): number {
  const isToCome = issuedAfterMs !== null && issuedAfterMs > now;
  return Math.min(renewAt.getTime(), isToCome ? issuedAfterMs : Infinity);
}
