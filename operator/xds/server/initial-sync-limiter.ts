// Lets new proxies begin a few at a time, in the order of their arrival: a thousand that come back at once get their first
// configuration one after the other, and those that have theirs get every change in between. Where proxies are far away a few
// at a time would leave the process idle: then it lets in more. Entry: Admission.

export interface AdmissionOptions {
  /** Proxies that may be at their beginning at a time, however busy the process is. Default: 16. */
  readonly places: number;
  /** One more may begin each time so many milliseconds have passed, if the event loop was on time. Default: 5. */
  readonly idleMs: number;
  /** A proxy gives its place up after so long, however far it has come: a slow one holds up nobody. In milliseconds; default: 500. */
  readonly holdMs: number;
}

const defaults: AdmissionOptions = { places: 16, idleMs: 5, holdMs: 500 };

/** `Newcomer`: whatever stands for a proxy; told apart by identity. */
export class Admission<Newcomer> {
  private readonly options: AdmissionOptions;
  private readonly waiting = new Map<Newcomer, () => void>();
  private readonly beginning = new Map<Newcomer, NodeJS.Timeout>();
  private watch: NodeJS.Timeout | null = null;

  constructor(options: Partial<AdmissionOptions> = {}) {
    this.options = { ...defaults, ...options };
  }

  /** Calls `begin` once it is its turn: at once if a place is free. Who waits or has begun already keeps its turn. */
  enter(newcomer: Newcomer, begin: () => void): void {
    if (this.waiting.has(newcomer) || this.beginning.has(newcomer)) return;
    this.waiting.set(newcomer, begin);
    this.fillPlaces();
  }

  /** It has all of its first configuration, or it is gone. */
  leave(newcomer: Newcomer): void {
    this.waiting.delete(newcomer);
    clearTimeout(this.beginning.get(newcomer));
    this.beginning.delete(newcomer);
    this.fillPlaces();
  }

  private fillPlaces(): void {
    for (const [newcomer, begin] of this.waiting) {
      if (this.beginning.size >= this.options.places) break;
      this.begin(newcomer, begin);
    }
    if (this.waiting.size > 0) this.watchLoop();
    else this.endWatch();
  }

  private begin(newcomer: Newcomer, begin: () => void): void {
    this.waiting.delete(newcomer);
    const hold = setTimeout(() => this.leave(newcomer), this.options.holdMs);
    this.beginning.set(newcomer, hold);
    begin();
  }

  private endWatch(): void {
    if (this.watch !== null) clearTimeout(this.watch);
    this.watch = null;
  }

  /** As long as somebody waits. */
  private watchLoop(): void {
    if (this.watch !== null) return;
    const { idleMs } = this.options;
    const due = performance.now() + idleMs;
    this.watch = setTimeout(() => {
      this.watch = null;
      const isOnTime = performance.now() < due + idleMs;
      const [first] = this.waiting;
      if (first !== undefined && isOnTime) this.begin(...first);
      this.fillPlaces();
    }, idleMs);
  }
}
