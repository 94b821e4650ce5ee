// Durations as the Gateway API writes them (GEP-2257): `250ms`, `1m30s`, `24h`.
import { shaped } from './schema.ts';

const unitMs: ReadonlyMap<string | undefined, number> = new Map([
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
]);

/** @see https://gateway-api.sigs.k8s.io/geps/gep-2257/ */
const durationPattern = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/;

/** A duration string; units h, m, s, ms. */
export const Duration = shaped({
  pattern: durationPattern,
  message: 'Write a duration as whole numbers with the units h, m, s or ms, such as 250ms, 3s or 1m30s.',
  max: 32,
});

/** Milliseconds of a valid duration string. Throws on anything else: parse with the schema first. */
export function durationMs(text: string): number {
  if (!durationPattern.test(text)) throw new Error(`not a duration: ${text}`);
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9]+)(ms|h|m|s)/g)) {
    total += Number(amount) * (unitMs.get(unit) ?? Number.NaN);
  }
  return total;
}
