// What Prometheus is told of traffic: counts since this operator started, of the sidecars that report to it. A bounded number of series:
// before there are too many, those that have not been counted for long are forgotten; then the worst label is folded into `other`: of one
// workload, where it has more than its share; else of all.
import type { Point } from '../telemetry/point.ts';
import { durationBounds } from '../values/sidecar-names.ts';
import { families, type FamilyName, type LabelName } from './families.ts';
import { fold, foldedLabels, keyOf, seriesOf } from './fold.ts';
import type { Row } from './fold-table.ts';
import type { Labelled, Labels } from './labels.ts';
import { keptOf, type Owner, ownerOf, shareOf } from './owner.ts';

export interface Entry extends Row {
  readonly series: number;
  /** Of a counter one number. Of a histogram how many in each bucket, and then the sum in milliseconds. */
  readonly values: Float64Array;
  lastMs: number;
  /** Who counted it first. */
  readonly owner: Owned;
}

interface Owned {
  readonly owner: Owner;
  series: number;
  /** Labels that are `other` in its series, besides those that are in all. */
  folded: ReadonlySet<LabelName>;
}

/** So long is kept what is not counted, if there is no room. */
const idleMs = 3_600_000;
/** Of a histogram: its buckets, the sum and the count. */
const histogramSeries = durationBounds.length + 3;
const none: ReadonlySet<LabelName> = new Set();

/** Where the registry stands. */
export interface Size {
  readonly series: number;
  readonly most: number;
  /** Labels that are `other` for want of room. */
  readonly folded: ReadonlySet<LabelName>;
  /** Workloads of which labels are `other`, because they had more than their share. */
  readonly narrowed: readonly Narrowed[];
}

export interface Narrowed {
  readonly owner: Owner;
  readonly folded: ReadonlySet<LabelName>;
}

export class TrafficRegistry {
  #entries = new Map<string, Entry>();
  readonly #owned = new Map<string, Owned>();
  #series = 0;
  #most: number;
  #folded = none;
  /** Of the entry that was not counted for the longest time, when it was looked last. */
  #oldestMs = -Infinity;

  /** @param most series that Prometheus makes of it */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): Size {
    const narrowed = [...this.#owned.values()].filter(({ folded }) => folded.size > 0);
    return { series: this.#series, most: this.#most, folded: this.#folded, narrowed };
  }

  /** For a limit above what there is. */
  resize(most: number): void {
    this.#most = most;
  }

  /** Begins anew: what was counted with other labels cannot be told apart by these. */
  restart(most: number, { folded, narrowed }: Pick<Size, 'folded' | 'narrowed'>): void {
    this.#most = most;
    this.#folded = folded;
    this.#entries = new Map();
    this.#series = 0;
    this.#oldestMs = -Infinity;
    this.#owned.clear();
    for (const { owner, folded: own } of narrowed) this.#ownedBy(owner).folded = own;
  }

  /** @param nowMs only grows */
  add({ family, labels }: Labelled, { count, buckets, sum = 0 }: Counts, nowMs: number): void {
    const entry = this.#entryOf(family, labels, nowMs);
    entry.lastMs = nowMs;
    addTo(entry.values, buckets === null ? [count] : [...buckets, sum]);
  }

  /** By family. */
  *entries(family: FamilyName): Generator<Entry> {
    for (const entry of this.#entries.values()) if (entry.family === family) yield entry;
  }

  #entryOf(family: FamilyName, labels: Labels, nowMs: number): Entry {
    const owner = this.#ownedBy(ownerOf(labels));
    const present = this.#present({ family, labels }, owner);
    const key = keyOf(family, present);
    const found = this.#entries.get(key);
    if (found !== undefined) return found;
    const series = widthOf(family);
    if (this.#makeRoom(owner, series, nowMs)) return this.#entryOf(family, labels, nowMs);
    const values = new Float64Array(valuesOf(family));
    const entry = { family, labels: present, series, values, lastMs: nowMs, owner };
    this.#entries.set(key, entry);
    this.#count(entry, 1);
    return entry;
  }

  #ownedBy(owner: Owner): Owned {
    const key = Object.values(owner).join('\u0000');
    const found = this.#owned.get(key) ?? { owner, series: 0, folded: none };
    this.#owned.set(key, found);
    return found;
  }

  #present(row: Labelled, { folded }: Owned): Labels {
    const labels = foldedLabels(row, this.#folded);
    return folded.size === 0 ? labels : foldedLabels({ ...row, labels }, folded);
  }

  #count({ series, owner }: Entry, by: 1 | -1): void {
    this.#series += by * series;
    owner.series += by * series;
  }

  /** Whether labels were folded: what is to come has other labels, then. */
  #makeRoom(owner: Owned, needed: number, nowMs: number): boolean {
    const hasRoom = (): boolean =>
      this.#series + needed <= this.#most && owner.series + needed <= shareOf(this.#most);
    if (hasRoom()) return false;
    this.#forgetIdle(nowMs);
    if (hasRoom()) return false;
    return this.#narrow(owner, needed) || this.#foldAll(needed);
  }

  /** What is not idle by now is not looked at again until it may be. */
  #forgetIdle(nowMs: number): void {
    if (nowMs - this.#oldestMs < idleMs) return;
    this.#oldestMs = nowMs;
    for (const [key, entry] of this.#entries) {
      if (nowMs - entry.lastMs < idleMs) this.#oldestMs = Math.min(this.#oldestMs, entry.lastMs);
      else if (this.#entries.delete(key)) this.#count(entry, -1);
    }
    for (const [key, { series, folded }] of this.#owned)
      if (series === 0 && folded.size === 0) this.#owned.delete(key);
  }

  /** One workload that has more than its share. */
  #narrow(owner: Owned, needed: number): boolean {
    const most = shareOf(this.#most) - needed;
    if (owner.series <= most) return false;
    const own = [...this.#entries.values()].filter((it) => it.owner === owner);
    const folded = fold(own, most, owner.folded, new Set([...keptOf(owner.owner), ...this.#folded]));
    if (folded === owner.folded) return false;
    owner.folded = folded;
    this.#merge();
    return true;
  }

  #foldAll(needed: number): boolean {
    if (this.#series + needed <= this.#most) return false;
    const folded = fold(this.#entries.values(), this.#most - needed, this.#folded);
    if (folded === this.#folded) return false;
    this.#folded = folded;
    this.#merge();
    return true;
  }

  #merge(): void {
    const before = this.#entries.values();
    this.#entries = new Map();
    for (const owned of this.#owned.values()) owned.series = 0;
    for (const entry of before) {
      const labels = this.#present(entry, entry.owner);
      const key = keyOf(entry.family, labels);
      const other = this.#entries.get(key);
      if (other === undefined) {
        this.#entries.set(key, { ...entry, labels });
        entry.owner.series += entry.series;
      } else {
        addTo(other.values, entry.values);
        other.lastMs = Math.max(other.lastMs, entry.lastMs);
      }
    }
    this.#series = seriesOf(this.#entries.values());
  }
}

type Counts = Pick<Point, 'count' | 'buckets' | 'sum'>;

/** Beyond 2^53, one more is no more: such a counter begins anew, as that of an operator that restarts. */
function addTo(values: Float64Array, more: ArrayLike<number>): void {
  const isFull = values.some((value, at) => value + (more[at] ?? 0) > Number.MAX_SAFE_INTEGER);
  for (const at of values.keys()) values[at] = (isFull ? 0 : (values[at] ?? 0)) + (more[at] ?? 0);
}

export function widthOf(family: FamilyName): number {
  return families[family].type === 'histogram' ? histogramSeries : 1;
}

function valuesOf(family: FamilyName): number {
  return families[family].type === 'histogram' ? durationBounds.length + 2 : 1;
}
