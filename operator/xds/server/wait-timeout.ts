// How long a stream may wait for the first snapshot, or for its workload. Waiting beats reconnecting for what will be known in
// a moment; but it must end, since another replica may know already. Entry: WaitTimeout.

/** `Waiter`: whatever stands for a stream; compared by identity. */
export class WaitTimeout<Waiter> {
  private readonly ms: number;
  private readonly timers = new Map<Waiter, NodeJS.Timeout>();

  /** In milliseconds. Default: 5,000, a third of the 15 seconds after which Envoy starts without configuration. */
  constructor(ms = 5_000) {
    this.ms = ms;
  }

  /** Calls `onTimeout` once, unless cancelled before. */
  start(waiter: Waiter, onTimeout: () => void): void {
    this.cancel(waiter);
    const timer = setTimeout(() => {
      this.timers.delete(waiter);
      onTimeout();
    }, this.ms);
    this.timers.set(waiter, timer);
  }

  cancel(waiter: Waiter): void {
    clearTimeout(this.timers.get(waiter));
    this.timers.delete(waiter);
  }
}
