// How far a count of random events may lie from what was asked for before chance stops being an excuse.
// Pure; exact binomial tails, no normal approximation.

export interface CountRange {
  readonly low: number;
  readonly high: number;
}

/**
 * The counts that `trials` independent events of the given probability stay within, except with a chance below
 * `falseAlarm` (split evenly between too few and too many).
 */
export function binomialRange(trials: number, probability: number, falseAlarm = 1e-6): CountRange {
  if (probability <= 0) return { low: 0, high: 0 };
  if (probability >= 1) return { low: trials, high: trials };
  const masses = binomialMasses(trials, probability);
  return { low: tail(masses, falseAlarm / 2), high: trials - tail(masses.toReversed(), falseAlarm / 2) };
}

/** The largest k so that all counts below k together have at most the given chance. */
function tail(masses: readonly number[], chance: number): number {
  let sum = 0;
  for (const [count, mass] of masses.entries()) {
    sum += mass;
    if (sum > chance) return count;
  }
  return masses.length - 1;
}

/** P(K = k) for k = 0 … trials, by logarithms: 0.1^1000 is smaller than any double. */
function binomialMasses(trials: number, probability: number): number[] {
  const logP = Math.log(probability);
  const logQ = Math.log1p(-probability);
  let logChoose = 0;
  return Array.from({ length: trials + 1 }, (_, count) => {
    if (count > 0) logChoose += Math.log(trials - count + 1) - Math.log(count);
    return Math.exp(logChoose + count * logP + (trials - count) * logQ);
  });
}

/** The middle value (mean of the two middle ones). NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (upper + lower) / 2;
}

/** `12.3 %` */
export function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}
