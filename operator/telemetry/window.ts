// From when to when something is read, by the clock of the store and that of people.

export interface Now {
  readonly monotonicMs: number;
  /** Since 1970. */
  readonly wallMs: number;
}

export interface Window {
  readonly at: Now;
  /** Of the store's clock. */
  readonly fromMs: number;
  /** Slots that had not ended by then are left out. Default: none is. */
  readonly untilMs?: number;
}

export function wallOf(monotonicMs: number, at: Now): number {
  return Math.round(at.wallMs - (at.monotonicMs - monotonicMs));
}
