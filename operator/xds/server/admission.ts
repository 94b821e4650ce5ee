// Lets new proxies begin a few at a time, in the order of their arrival: a thousand that come back at once get their first
// configuration one after the other, and those that have theirs get every change in between. Entry: Admission.

export interface AdmissionOptions {
  /** Proxies that may be at their beginning at a time. Default: 128. */
  readonly places: number;
  /** A proxy gives its place up after so long, however far it has come: a slow one holds up nobody. In milliseconds; default: 500. */
  readonly holdMs: number;
}

const defaults: AdmissionOptions = { places: 128, holdMs: 500 };

/** `Newcomer`: whatever stands for a proxy; told apart by identity. */
export class Admission<Newcomer> {
  private readonly options: AdmissionOptions;
  private readonly waiting = new Map<Newcomer, () => void>();
  private readonly beginning = new Map<Newcomer, NodeJS.Timeout>();

  constructor(options: Partial<AdmissionOptions> = {}) {
    this.options = { ...defaults, ...options };
  }

  /** Calls `begin` once it is its turn: at once if a place is free. Who waits or has begun already keeps its turn. */
  enter(newcomer: Newcomer, begin: () => void): void {
    if (this.waiting.has(newcomer) || this.beginning.has(newcomer)) return;
    this.waiting.set(newcomer, begin);
    this.next();
  }

  /** It has all of its first configuration, or it is gone. */
  leave(newcomer: Newcomer): void {
    this.waiting.delete(newcomer);
    const hold = this.beginning.get(newcomer);
    if (hold === undefined) return;
    clearTimeout(hold);
    this.beginning.delete(newcomer);
    this.next();
  }

  private next(): void {
    for (const [newcomer, begin] of this.waiting) {
      if (this.beginning.size >= this.options.places) return;
      this.waiting.delete(newcomer);
      this.beginning.set(
        newcomer,
        setTimeout(() => this.leave(newcomer), this.options.holdMs),
      );
      begin();
    }
  }
}
