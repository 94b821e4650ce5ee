// Time moved by hand. The one fake clock of all tests.
import { setImmediate } from 'node:timers/promises';
import type { JitteredClock } from '../../operator/platform/kubernetes/http/jittered-clock.ts';

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

export class FakeClock implements JitteredClock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  /** It starts at that wall time, in milliseconds since 1970; both its times are the same. */
  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  readonly now = (): number => this.#nowMs;
  readonly monotonicMs = this.now;
  readonly random = (): number => 0.5;
  readonly after = (ms: number, run: () => void): (() => void) => {
    const timer = { atMs: this.#nowMs + ms, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  /** Timers that have neither run nor been cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer; undefined: there is none. */
  untilNextMs(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.atMs - this.#nowMs;
  }

  /** Time that work takes: no timer runs meanwhile. */
  spend(ms: number): void {
    this.#nowMs += ms;
  }

  /** Lets that much time pass. What falls due runs in the order of its time, timers that are set on the way too. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let next = this.#next(); next !== undefined && next.atMs <= untilMs; next = this.#next())
      this.#run(next);
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** The same; after each timer promises settle, so that what they set up runs as well. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await setImmediate();
    for (let next = this.#next(); next !== undefined && next.atMs <= untilMs; next = this.#next()) {
      this.#run(next);
      // oxlint-disable-next-line no-await-in-loop -- one timer after the other
      await setImmediate();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
    await setImmediate();
  }

  #next(): Timer | undefined {
    return [...this.#timers].toSorted((a, b) => a.atMs - b.atMs)[0];
  }

  #run(timer: Timer): void {
    this.#timers.delete(timer);
    this.#nowMs = Math.max(this.#nowMs, timer.atMs);
    timer.run();
  }
}
