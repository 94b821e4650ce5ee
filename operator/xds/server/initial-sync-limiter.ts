// Limits how many proxies are sent their first configuration at a time, in the order of their arrival: when a thousand come
// back at once, those that have theirs get every change in between. Where proxies are far away such a limit would leave the
// process idle: then more may start. Entry: InitialSyncLimiter.

export interface InitialSyncOptions {
  /** Proxies that may sync at a time, however busy the process is. Default: 16. */
  readonly places: number;
  /** One more may start each time so many milliseconds have passed, if the event loop was on time. Default: 5. */
  readonly idleMs: number;
  /** A proxy gives its place up after so long, however far it has come: a slow one holds up nobody. In milliseconds; default: 500. */
  readonly holdMs: number;
}

const defaults: InitialSyncOptions = { places: 16, idleMs: 5, holdMs: 500 };

/** `Proxy`: whatever stands for a proxy; compared by identity. */
export class InitialSyncLimiter<Proxy> {
  private readonly options: InitialSyncOptions;
  private readonly waiting = new Map<Proxy, () => void>();
  private readonly syncing = new Map<Proxy, NodeJS.Timeout>();
  private idleTimer: NodeJS.Timeout | null = null;

  constructor(options: Partial<InitialSyncOptions> = {}) {
    this.options = { ...defaults, ...options };
  }

  /** Calls `start` when it is this proxy's turn: at once if a place is free. A proxy that waits or syncs already keeps its turn. */
  acquire(proxy: Proxy, start: () => void): void {
    if (this.waiting.has(proxy) || this.syncing.has(proxy)) return;
    this.waiting.set(proxy, start);
    this.fillPlaces();
  }

  /** The proxy has all of its first configuration, or it is gone. */
  release(proxy: Proxy): void {
    this.waiting.delete(proxy);
    clearTimeout(this.syncing.get(proxy));
    this.syncing.delete(proxy);
    this.fillPlaces();
  }

  private fillPlaces(): void {
    for (const [proxy, start] of this.waiting) {
      if (this.syncing.size >= this.options.places) break;
      this.start(proxy, start);
    }
    if (this.waiting.size > 0) this.startIdleTimer();
    else this.stopIdleTimer();
  }

  private start(proxy: Proxy, start: () => void): void {
    this.waiting.delete(proxy);
    const hold = setTimeout(() => this.release(proxy), this.options.holdMs);
    this.syncing.set(proxy, hold);
    start();
  }

  private stopIdleTimer(): void {
    if (this.idleTimer !== null) clearTimeout(this.idleTimer);
    this.idleTimer = null;
  }

  /** Runs as long as a proxy waits. */
  private startIdleTimer(): void {
    if (this.idleTimer !== null) return;
    const { idleMs } = this.options;
    const due = performance.now() + idleMs;
    this.idleTimer = setTimeout(() => {
      this.idleTimer = null;
      const isOnTime = performance.now() < due + idleMs;
      const [first] = this.waiting;
      if (first !== undefined && isOnTime) this.start(...first);
      this.fillPlaces();
    }, idleMs);
  }
}
