// How often each sidecar may report: once a second in the long run. Pure: the time is an argument.

const everyMs = 1_000;
/** Reports at once: Envoy splits one that is long. */
const burst = 20;

export class Pace {
  /** Workload → until when its reports of before count. */
  readonly #until = new Map<string, number>();

  allow(workload: string, nowMs: number): boolean {
    if (this.#until.size > 10_000) this.#forget(nowMs);
    const until = Math.max(nowMs, this.#until.get(workload) ?? 0) + everyMs;
    if (until - nowMs > burst * everyMs) return false;
    this.#until.set(workload, until);
    return true;
  }

  #forget(nowMs: number): void {
    for (const [workload, until] of this.#until) if (until <= nowMs) this.#until.delete(workload);
  }
}
