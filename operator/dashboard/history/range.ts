// How far back one may look, and at which distance. Pure.

export interface Range {
  /** As it stands in addresses. */
  readonly name: string;
  /** All in seconds. */
  readonly length: number;
  readonly step: number;
  /**
   * Each point is the average of so many seconds before it. At least the step, so that nothing is left out, and four times the minute in which
   * Prometheus scrapes by default: with fewer samples there is no rate.
   */
  readonly window: number;
}

const ranges: readonly Range[] = [
  { name: '6h', length: 6 * 3600, step: 180, window: 300 },
  { name: '24h', length: 24 * 3600, step: 600, window: 600 },
  { name: '7d', length: 7 * 86_400, step: 3600, window: 3600 },
];

export function rangeNamed(name: string): Range | undefined {
  return ranges.find((it) => it.name === name);
}

/** Those who look within it get the same answer. */
const grain = 30;

/** Seconds since 1970. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export function spanOf({ length }: Range, nowMs: number): Span {
  const end = Math.floor(nowMs / 1000 / grain) * grain;
  return { start: end - length, end };
}
