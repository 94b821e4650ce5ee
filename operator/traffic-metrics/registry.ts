// What Prometheus is told of traffic: counts since this operator started, of the sidecars that report to it. A bounded number of series:
// before there are too many, those that have not been counted for long are forgotten; then the worst label is folded into `other`.
import type { Point } from '../telemetry/point.ts';
import { durationBounds } from '../values/sidecar-names.ts';
import { families, type FamilyName, type LabelName } from './families.ts';
import { fold, foldedLabels, keyOf, type Row, seriesOf } from './fold.ts';
import type { Labelled, Labels } from './labels.ts';

export interface Entry extends Row {
  readonly series: number;
  /** Of a counter one number. Of a histogram how many in each bucket, and then the sum in milliseconds. */
  readonly values: Float64Array;
  lastMs: number;
}

/** So long is kept what is not counted, if there is no room. */
const idleMs = 3_600_000;
/** Of a histogram: its buckets, the sum and the count. */
const histogramSeries = durationBounds.length + 3;

/** Where the registry stands. */
export interface Size {
  readonly series: number;
  readonly most: number;
  /** Labels that are `other` for want of room. */
  readonly folded: ReadonlySet<LabelName>;
}

export class TrafficRegistry {
  #entries = new Map<string, Entry>();
  #series = 0;
  #most: number;
  #folded: ReadonlySet<LabelName> = new Set();

  /** @param most series that Prometheus makes of it */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): Size {
    return { series: this.#series, most: this.#most, folded: this.#folded };
  }

  /** For a limit above what there is. */
  resize(most: number): void {
    this.#most = most;
  }

  /** Begins anew: what was counted with other labels cannot be told apart by these. */
  restart(most: number, folded: ReadonlySet<LabelName>): void {
    this.#most = most;
    this.#folded = folded;
    this.#entries = new Map();
    this.#series = 0;
  }

  /** @param nowMs only grows */
  add({ family, labels }: Labelled, { count, buckets, sum = 0 }: Counts, nowMs: number): void {
    const entry = this.#entryOf(family, labels, nowMs);
    entry.lastMs = nowMs;
    const { values } = entry;
    if (buckets === null) {
      values[0] = (values[0] ?? 0) + count;
      return;
    }
    for (const [at, it] of buckets.entries()) values[at] = (values[at] ?? 0) + it;
    const last = values.length - 1;
    values[last] = (values[last] ?? 0) + sum;
  }

  /** By family. */
  *entries(family: FamilyName): Generator<Entry> {
    for (const entry of this.#entries.values()) if (entry.family === family) yield entry;
  }

  #entryOf(family: FamilyName, labels: Labels, nowMs: number): Entry {
    const present = foldedLabels({ family, labels }, this.#folded);
    const key = keyOf(family, present);
    const found = this.#entries.get(key);
    if (found !== undefined) return found;
    const series = widthOf(family);
    if (this.#series + series > this.#most && this.#makeRoom(series, nowMs))
      return this.#entryOf(family, labels, nowMs);
    const entry = {
      family,
      labels: present,
      series,
      values: new Float64Array(valuesOf(family)),
      lastMs: nowMs,
    };
    this.#entries.set(key, entry);
    this.#series += series;
    return entry;
  }

  /** Whether labels were folded: what is to come has other labels, then. */
  #makeRoom(needed: number, nowMs: number): boolean {
    for (const [key, entry] of this.#entries) {
      if (nowMs - entry.lastMs < idleMs) continue;
      this.#entries.delete(key);
      this.#series -= entry.series;
    }
    if (this.#series + needed <= this.#most) return false;
    const folded = fold([...this.#entries.values()], this.#most - needed, this.#folded);
    if (folded === this.#folded) return false;
    this.#folded = folded;
    this.#merge();
    return true;
  }

  #merge(): void {
    const before = this.#entries.values();
    this.#entries = new Map();
    for (const entry of before) {
      const labels = foldedLabels(entry, this.#folded);
      const key = keyOf(entry.family, labels);
      const other = this.#entries.get(key);
      if (other === undefined) this.#entries.set(key, { ...entry, labels });
      else {
        for (const [at, value] of entry.values.entries()) other.values[at] = (other.values[at] ?? 0) + value;
        other.lastMs = Math.max(other.lastMs, entry.lastMs);
      }
    }
    this.#series = seriesOf(this.#entries.values());
  }
}

type Counts = Pick<Point, 'count' | 'buckets' | 'sum'>;

export function widthOf(family: FamilyName): number {
  return families[family].type === 'histogram' ? histogramSeries : 1;
}

function valuesOf(family: FamilyName): number {
  return families[family].type === 'histogram' ? durationBounds.length + 2 : 1;
}
