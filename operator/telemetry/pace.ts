// How much each sidecar may send in the long run, and at once. Pure: the time is an argument.

export interface PaceOptions {
  /** In the long run: reports, or bytes. */
  readonly perSecond: number;
  /** At once: Envoy splits what is long. */
  readonly burst: number;
}

export class Pace {
  /** Sender → until when what it has sent so far counts. */
  readonly #until = new Map<string, number>();
  readonly #options: PaceOptions;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  allow(sender: string, nowMs: number, amount = 1): boolean {
    const { perSecond, burst } = this.#options;
    if (this.#until.size > 10_000) this.#forget(nowMs);
    const until = Math.max(nowMs, this.#until.get(sender) ?? 0) + (amount / perSecond) * 1_000;
    if (until - nowMs > (burst / perSecond) * 1_000) return false;
    this.#until.set(sender, until);
    return true;
  }

  #forget(nowMs: number): void {
    for (const [sender, until] of this.#until) if (until <= nowMs) this.#until.delete(sender);
  }
}
