// Rest in proportion to work: what is asked for again and again takes only its share of the time, however long one go
// takes. Entry: Pacer.
import type { Clock } from './clock.ts';

export interface PacerOptions {
  readonly clock: Clock;
  /** Milliseconds of rest for each millisecond of work: 4 leaves the work a fifth of the time. */
  readonly restPerWork: number;
  /** The longest rest, in milliseconds. Default: no limit. */
  readonly maxRestMs?: number;
}

export class Pacer {
  readonly #options: PacerOptions;
  #startedAtMs = 0;
  #restUntilMs = 0;

  constructor(options: PacerOptions) {
    this.#options = options;
  }

  /** Does the work and measures it. */
  run(work: () => void): void {
    this.start();
    try {
      work();
    } finally {
      this.stop();
    }
  }

  /** For work in several goes: it begins. */
  start(): void {
    this.#startedAtMs = this.#options.clock.monotonicMs();
  }

  /** It has ended; the rest begins. */
  stop(): void {
    const { clock, restPerWork, maxRestMs = Infinity } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#restUntilMs = nowMs + Math.min(maxRestMs, restPerWork * (nowMs - this.#startedAtMs));
  }

  /** What is left of the rest, in milliseconds; 0: the work may begin. */
  restMs(): number {
    return Math.max(0, this.#restUntilMs - this.#options.clock.monotonicMs());
  }
}
