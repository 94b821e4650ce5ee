// Keys to be worked on, one after the other: a key that is added twice is worked on once, one that is added while it
// is worked on once more. Entry: createKeyQueue. It knows nothing of what a key stands for.
import type { Clock } from '../process/clock.ts';

export type Outcome = { readonly type: 'done' } | { readonly type: 'again'; readonly afterMs: number };

export interface KeyQueueOptions {
  /** A rejection is tried again after 1 s, doubling to 60 s. */
  readonly work: (key: string) => Promise<Outcome>;
  readonly clock: Clock;
  readonly onError: (key: string, error: unknown) => void;
}

export interface KeyQueue {
  /** At the end of the queue, unless it is there already. A later time that it waits for no longer counts. */
  add(key: string): void;
  forget(key: string): void;
  /** Nothing is begun any more; resolves when the one at work has ended. */
  close(): Promise<void>;
}

const firstDelayMs = 1000;
const maxDelayMs = 60_000;

export function createKeyQueue(options: KeyQueueOptions): KeyQueue {
  return new SerialQueue(options);
}

class SerialQueue implements KeyQueue {
  readonly #options: KeyQueueOptions;
  readonly #due = new Set<string>();
  /** Key → what cancels its timer. */
  readonly #later = new Map<string, () => void>();
  readonly #failures = new Map<string, number>();
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: KeyQueueOptions) {
    this.#options = options;
  }

  add(key: string): void {
    if (this.#isClosed) return;
    this.#unschedule(key);
    this.#due.add(key);
    this.#running ??= Promise.resolve().then(() => this.#drain());
  }

  forget(key: string): void {
    this.#unschedule(key);
    this.#due.delete(key);
    this.#failures.delete(key);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#due.clear();
    for (const key of this.#later.keys()) this.#unschedule(key);
    await this.#running;
  }

  async #drain(): Promise<void> {
    // What is added meanwhile comes last.
    for (const key of this.#due) {
      this.#due.delete(key);
      // One after the other: this is what a queue is for.
      // oxlint-disable-next-line no-await-in-loop
      await this.#workOn(key);
    }
    this.#running = undefined;
  }

  async #workOn(key: string): Promise<void> {
    try {
      const outcome = await this.#options.work(key);
      this.#failures.delete(key);
      this.#settle(key, outcome);
    } catch (error) {
      this.#options.onError(key, error);
      const count = this.#failures.get(key) ?? 0;
      this.#failures.set(key, count + 1);
      this.#settle(key, { type: 'again', afterMs: Math.min(firstDelayMs * 2 ** count, maxDelayMs) });
    }
  }

  #settle(key: string, outcome: Outcome): void {
    switch (outcome.type) {
      case 'done':
        return;
      case 'again':
        if (this.#due.has(key) || this.#isClosed) return;
        this.#unschedule(key);
        this.#later.set(
          key,
          this.#options.clock.after(outcome.afterMs, () => this.add(key)),
        );
    }
  }

  #unschedule(key: string): void {
    this.#later.get(key)?.();
    this.#later.delete(key);
  }
}
