// Calls that go on in the background while a scene changes something, and what became of them.
import { setTimeout as delay } from 'node:timers/promises';
import type { Reply } from './call.ts';

const callers = 3;
const defaultPauseMs = 10;

export interface Outcome {
  readonly sent: number;
  /** Everything but 200, with the body's beginning, each kind counted. */
  readonly failures: ReadonlyMap<string, number>;
}

export class SteadyTraffic {
  readonly #one: () => Promise<Reply>;
  readonly #failures = new Map<string, number>();
  #sent = 0;
  #isStopped = false;
  #running: Promise<unknown> = Promise.resolve();

  readonly #pauseMs: number;

  private constructor(one: () => Promise<Reply>, pauseMs: number) {
    this.#one = one;
    this.#pauseMs = pauseMs;
  }

  /** Three callers, each with a pause (default: 10 ms) between an answer and the next call; the signal ends them too. */
  static start(
    one: () => Promise<Reply>,
    signal: AbortSignal,
    pauseMs: number = defaultPauseMs,
  ): SteadyTraffic {
    const traffic = new SteadyTraffic(one, pauseMs);
    traffic.#running = Promise.all(Array.from({ length: callers }, () => traffic.#caller(signal)));
    return traffic;
  }

  get sent(): number {
    return this.#sent;
  }

  /** Resolves when every call under way has its answer. */
  async stop(): Promise<Outcome> {
    this.#isStopped = true;
    await this.#running;
    return { sent: this.#sent, failures: this.#failures };
  }

  async #caller(signal: AbortSignal): Promise<void> {
    // A caller makes one call after the other.
    // oxlint-disable no-await-in-loop
    while (!this.#isStopped && !signal.aborted) {
      const reply = await this.#one();
      this.#sent += 1;
      if (reply.status !== 200) {
        const kind = `${reply.status} ${reply.body.trim().slice(0, 120)}`;
        this.#failures.set(kind, (this.#failures.get(kind) ?? 0) + 1);
      }
      await delay(this.#pauseMs);
    }
    // oxlint-enable no-await-in-loop
  }
}

export function failureCount(outcome: Outcome): number {
  return [...outcome.failures.values()].reduce((sum, count) => sum + count, 0);
}

/** `0 of 412 failed`, with the commonest reason if any did. */
export function describeOutcome(outcome: Outcome): string {
  const [worst] = [...outcome.failures].toSorted(([, a], [, b]) => b - a);
  const why = worst === undefined ? '' : `, mostly: ${worst[0]}`;
  return `${failureCount(outcome)} of ${outcome.sent} calls failed${why}`;
}
