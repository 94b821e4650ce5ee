// How what is left of a quota is divided among sidecars. Pure.

export interface Sharer {
  /** What it may still admit, as far as is known. */
  readonly tokens: number;
  /** Requests per second that it was sent; null: not known yet. */
  readonly demand: number | null;
}

export interface Division {
  /** What may still be admitted, tokens of sharers among it. */
  readonly left: number;
  /** One of `sharers`. */
  readonly sharer: Sharer;
  /** Gone through twice. */
  readonly sharers: Iterable<Sharer>;
  /** Sidecars that have not asked, and are likely to. */
  readonly expected: number;
  /** Sidecars that have not asked, and may. */
  readonly possible: number;
}

/** Of an even share: for one that is asked again after a quiet time. */
const leastOfEven = 0.05;
/** Of what is left: for those that have not asked so far. */
const reserve = 0.1;

/**
 * The share of a sidecar, by what it was asked for. All that others hold stays theirs until they report again, so that shares never add up
 * to more than there is.
 */
export function shareOf({ left, sharer, sharers, expected, possible }: Division): number {
  let [known, held, told, demands] = [0, -sharer.tokens, 0, 0];
  for (const { tokens, demand } of sharers) {
    known += 1;
    held += tokens;
    if (demand === null) continue;
    told += 1;
    demands += demand;
  }
  const free = left - held;
  if (free < 1) return 0;
  const mean = demands / (told || 1) || 1;
  const weightOf = ({ demand }: Sharer): number => Math.max(demand ?? mean, mean * leastOfEven);
  let all = expected * mean;
  for (const one of sharers) all += weightOf(one);
  const kept = expected > 0 || possible === 0 ? 0 : left * reserve * (possible / (possible + known));
  const fair = (left - kept) * (weightOf(sharer) / all);
  // Of a small quota: who comes first.
  return Math.floor(Math.min(free, Math.max(1, Math.round(fair))));
}
