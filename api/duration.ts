// Durations as the Gateway API writes them (GEP-2257): `250ms`, `1m30s`, `24h`.
import { z } from 'zod';

const unitMs = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

export const durationPattern = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/;

/** A duration string; units h, m, s, ms. */
export const Duration = z.string().max(32).regex(durationPattern);

/** Milliseconds of a valid duration string. Throws on anything else: parse with the schema first. */
export function durationMs(text: string): number {
  if (!durationPattern.test(text)) throw new Error(`not a duration: ${text}`);
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9]+)(ms|h|m|s)/g)) {
    total += Number(amount) * unitMs[unit as keyof typeof unitMs];
  }
  return total;
}
