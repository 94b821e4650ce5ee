// Time moved by hand; what runs then may be waited for.
import { setImmediate } from 'node:timers/promises';

export class FakeClock {
  #nowMs = 0;
  readonly #waiting = new Set<{ readonly at: number; readonly run: () => void }>();

  readonly now = (): number => this.#nowMs;
  readonly nowMs = this.now;
  readonly wallTime = (): Date => new Date(this.#nowMs);
  readonly after = (ms: number, run: () => void): (() => void) => {
    const timer = { at: this.#nowMs + ms, run };
    this.#waiting.add(timer);
    return () => this.#waiting.delete(timer);
  };

  get timers(): number {
    return this.#waiting.size;
  }

  /** In steps, so that what is set up on the way runs as well; lets promises settle after each. */
  async advance(ms: number, stepMs = 100): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.#nowMs += Math.min(stepMs, left);
      for (const timer of [...this.#waiting].filter(({ at }) => at <= this.#nowMs)) {
        this.#waiting.delete(timer);
        timer.run();
      }
      // oxlint-disable-next-line no-await-in-loop -- one step after the other
      await setImmediate();
    }
    await setImmediate();
  }
}
