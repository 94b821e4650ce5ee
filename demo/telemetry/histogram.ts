// Percentiles of a histogram as OTLP has it. Pure.

export interface Histogram {
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[];
  /** How many took up to each of them, and more than the one before; the last: more than all. */
  readonly counts: readonly number[];
}

export function added(a: Histogram, b: Histogram): Histogram {
  return { bounds: b.bounds, counts: b.counts.map((count, at) => count + (a.counts[at] ?? 0)) };
}

/** Linear within a bucket, as histogram_quantile of Prometheus; NaN of nothing. */
export function percentile({ bounds, counts }: Histogram, share: number): number {
  let rank = share * counts.reduce((sum, count) => sum + count, 0);
  for (const [at, bound] of bounds.entries()) {
    const [count, before] = [counts[at] ?? 0, bounds[at - 1] ?? 0];
    if (count > 0 && rank <= count) return before + ((bound - before) * rank) / count;
    rank -= count;
  }
  return rank > 0 ? (bounds.at(-1) ?? Number.NaN) : Number.NaN;
}
