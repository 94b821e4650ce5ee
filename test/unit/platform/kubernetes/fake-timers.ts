// Time moved by hand.
import type { Timers } from '../../../../operator/platform/kubernetes/http/timers.ts';

export class FakeTimers implements Timers {
  #now = 0;
  readonly #waiting = new Set<{ at: number; run: () => void }>();

  now(): number {
    return this.#now;
  }
  random(): number {
    return 0.5;
  }
  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#waiting.add(timer);
    return () => this.#waiting.delete(timer);
  }
  advance(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.#waiting].filter(({ at }) => at <= this.#now)) {
      this.#waiting.delete(timer);
      timer.run();
    }
  }
  get pending(): number {
    return this.#waiting.size;
  }
}
