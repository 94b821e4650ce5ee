// How many series are left without a label, worked out on numbers: texts would take seconds at 50,000 series, in which nothing else
// has its turn. Pure.
import { randomFillSync } from 'node:crypto';
import { other } from '../telemetry/point.ts';
import { type LabelName, labelNames } from './families.ts';
import type { Labelled } from './labels.ts';

/** A set of labels with a value, and how many series Prometheus makes of it: a histogram has one for each bucket. */
export interface Row extends Labelled {
  readonly series: number;
}

/** Two times 32 bits for each set of labels: the sums of lots for its values, which nobody can foresee and so choose values with the same sum. */
type Sums = readonly [Int32Array<ArrayBuffer>, Int32Array<ArrayBuffer>];

export class FoldTable {
  /** Different sets; all arrays may be longer. */
  #count: number;
  readonly #sums: Sums;
  readonly #widths: Int32Array;
  /** By label and set: what is added to its sums when the label is folded. */
  readonly #steps: ReadonlyMap<LabelName, Sums>;
  readonly #seen: Seen;

  constructor(rows: readonly Row[]) {
    this.#count = rows.length;
    this.#seen = new Seen(rows.length);
    this.#widths = Int32Array.from(rows, ({ series }) => series);
    this.#sums = sumsOf(rows.length);
    const families = new Lots();
    for (const [at, { family }] of rows.entries()) add(this.#sums, at, families.of(family));
    this.#steps = new Map(labelNames.map((name) => [name, this.#stepsOf(name, rows)]));
    this.#merge();
  }

  /** Of all sets together. */
  get series(): number {
    return this.#widths.subarray(0, this.#count).reduce((sum, it) => sum + it, 0);
  }

  seriesWithout(name: LabelName): number {
    const [first, second] = this.#sums;
    const [stepFirst, stepSecond] = this.#steps.get(name) ?? sumsOf(this.#count);
    this.#seen.clear();
    let series = 0;
    for (let at = 0; at < this.#count; at += 1) {
      const a = ((first[at] ?? 0) + (stepFirst[at] ?? 0)) | 0;
      const b = ((second[at] ?? 0) + (stepSecond[at] ?? 0)) | 0;
      if (this.#seen.add(a, b)) series += this.#widths[at] ?? 0;
    }
    return series;
  }

  fold(name: LabelName): void {
    const steps = this.#steps.get(name);
    if (steps === undefined) return;
    for (let at = 0; at < this.#count; at += 1) add(this.#sums, at, [steps[0][at] ?? 0, steps[1][at] ?? 0]);
    for (const half of steps) half.fill(0);
    this.#merge();
  }

  #stepsOf(name: LabelName, rows: readonly Row[]): Sums {
    const lots = new Lots();
    const [otherFirst, otherSecond] = lots.of(other);
    const steps = sumsOf(rows.length);
    for (const [at, { labels }] of rows.entries()) {
      const value = labels[name] ?? '';
      if (value === '') continue;
      const lot = lots.of(value);
      add(this.#sums, at, lot);
      add(steps, at, [otherFirst - lot[0], otherSecond - lot[1]]);
    }
    return steps;
  }

  /** Each different set once: those that stay move to the front. */
  #merge(): void {
    this.#seen.clear();
    const all = [this.#widths, ...this.#sums, ...[...this.#steps.values()].flat()];
    const [first, second] = this.#sums;
    let kept = 0;
    for (let at = 0; at < this.#count; at += 1) {
      if (!this.#seen.add(first[at] ?? 0, second[at] ?? 0)) continue;
      if (kept < at) for (const one of all) one[kept] = one[at] ?? 0;
      kept += 1;
    }
    this.#count = kept;
  }
}

function sumsOf(length: number): Sums {
  return [new Int32Array(length), new Int32Array(length)];
}

function add([first, second]: Sums, at: number, [a, b]: readonly [number, number]): void {
  first[at] = (first[at] ?? 0) + a;
  second[at] = (second[at] ?? 0) + b;
}

class Lots {
  readonly #drawn = new Map<string, readonly [number, number]>();
  /** Many at once: to draw each by itself takes longer than all the rest. */
  #pot = new Int32Array(0);
  #at = 0;

  of(value: string): readonly [number, number] {
    const found = this.#drawn.get(value);
    if (found !== undefined) return found;
    const drawn = [this.#draw(), this.#draw()] as const;
    this.#drawn.set(value, drawn);
    return drawn;
  }

  #draw(): number {
    if (this.#at === this.#pot.length) {
      this.#pot = randomFillSync(new Int32Array(this.#drawn.size < 64 ? 256 : 8_192));
      this.#at = 0;
    }
    const drawn = this.#pot[this.#at] ?? 0;
    this.#at += 1;
    return drawn;
  }
}

/** Which pairs of numbers there were since it was cleared: a hash table that is at most half full. */
class Seen {
  readonly #mask: number;
  readonly #first: Int32Array;
  readonly #second: Int32Array;
  /** In which round a place was taken. */
  readonly #rounds: Int32Array;
  #round = 0;

  constructor(most: number) {
    const places = 2 ** Math.ceil(Math.log2(Math.max(most, 1) * 2));
    this.#mask = places - 1;
    [this.#first, this.#second] = sumsOf(places);
    this.#rounds = new Int32Array(places);
  }

  clear(): void {
    this.#round += 1;
  }

  /** Whether it is new. */
  add(first: number, second: number): boolean {
    let place = first & this.#mask;
    while (this.#rounds[place] === this.#round) {
      if (this.#first[place] === first && this.#second[place] === second) return false;
      place = (place + 1) & this.#mask;
    }
    this.#rounds[place] = this.#round;
    this.#first[place] = first;
    this.#second[place] = second;
    return true;
  }
}
