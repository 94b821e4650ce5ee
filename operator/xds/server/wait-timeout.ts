// How long a stream waits for what is not there yet: the first snapshot, or its workload. To wait is faster than to come back,
// for what will be known in a moment; but it must not last, since another replica may know already. Entry: Patience.

/** `Waiter`: whatever stands for a stream; told apart by identity. */
export class Patience<Waiter> {
  private readonly ms: number;
  private readonly timers = new Map<Waiter, NodeJS.Timeout>();

  /** In milliseconds; default: 5,000, of the 15 seconds after which Envoy starts without configuration. */
  constructor(ms = 5_000) {
    this.ms = ms;
  }

  /** Calls `lost` once, unless `found` is called before. */
  wait(waiter: Waiter, lost: () => void): void {
    this.found(waiter);
    const timer = setTimeout(() => {
      this.timers.delete(waiter);
      lost();
    }, this.ms);
    this.timers.set(waiter, timer);
  }

  /** It waits for nothing any more. */
  found(waiter: Waiter): void {
    clearTimeout(this.timers.get(waiter));
    this.timers.delete(waiter);
  }
}
