// Counts of the last hour in slots of equal length, of which the oldest is overwritten. Pure: the time is an argument.

/** Milliseconds. */
export const hourMs = 3_600_000;

export interface RingOptions {
  /** Of a slot, in milliseconds; divides the hour. */
  readonly slotMs: number;
  /** Values in each slot. Default: 1. */
  readonly width?: number;
  /** Bytes may be more than 32 bits count in ten seconds. Default: false. */
  readonly isLarge?: boolean;
}

export class Ring {
  /** In memory. */
  readonly bytes: number;
  readonly #slotMs: number;
  readonly #width: number;
  readonly #slots: number;
  readonly #values: Uint32Array | Float64Array;
  /** The slot that was written last, counted from time 0. */
  #last = -1;
  #lastMs = 0;
  #total = 0;

  constructor({ slotMs, width = 1, isLarge = false }: RingOptions) {
    this.#slotMs = slotMs;
    this.#width = width;
    this.#slots = hourMs / slotMs;
    const length = this.#slots * width;
    this.#values = isLarge ? new Float64Array(length) : new Uint32Array(length);
    this.bytes = this.#values.byteLength;
  }

  /** When something was added last. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /** Of the first of the values, since the beginning. */
  get total(): number {
    return this.#total;
  }

  add(values: readonly number[], nowMs: number): void {
    this.#advance(nowMs);
    this.#lastMs = nowMs;
    this.#total += values[0] ?? 0;
    const start = (this.#last % this.#slots) * this.#width;
    for (let at = 0; at < this.#width; at += 1) {
      const sum = (this.#values[start + at] ?? 0) + (values[at] ?? 0);
      // 32 bits that are full stay full.
      this.#values[start + at] = this.#values instanceof Uint32Array ? Math.min(sum, 2 ** 32 - 1) : sum;
    }
  }

  /** Sums of the slots that ended after `fromMs`, of the last hour; with `untilMs`, only of those that had ended by then. */
  sums(fromMs: number, nowMs: number, untilMs = Infinity): readonly number[] {
    const sums: number[] = Array.from({ length: this.#width }, () => 0);
    const now = Math.floor(nowMs / this.#slotMs);
    const first = Math.max(0, Math.floor(fromMs / this.#slotMs), now - this.#slots + 1);
    const last = Math.min(this.#last, Math.floor(untilMs / this.#slotMs) - 1);
    for (let slot = Math.max(first, this.#last - this.#slots + 1); slot <= last; slot += 1) {
      const start = (slot % this.#slots) * this.#width;
      for (let at = 0; at < this.#width; at += 1)
        sums[at] = (sums[at] ?? 0) + (this.#values[start + at] ?? 0);
    }
    return sums;
  }

  #advance(nowMs: number): void {
    const slot = Math.floor(nowMs / this.#slotMs);
    if (slot <= this.#last) return;
    const passed = Math.min(slot - this.#last, this.#slots);
    for (let at = slot - passed + 1; at <= slot; at += 1) {
      const start = (at % this.#slots) * this.#width;
      this.#values.fill(0, start, start + this.#width);
    }
    this.#last = slot;
  }
}
