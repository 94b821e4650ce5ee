// One term of leadership: the queue, what is remembered, and whose turn it is. It ends with the leadership.
import type { Clock } from '../process/clock.ts';
import { createMemory, forget, type Memory } from './memory.ts';
import { createKeyQueue, type KeyQueue, type Outcome } from './queue.ts';

export interface LeadershipTermOptions {
  readonly work: (memory: Memory, key: string) => Promise<Outcome>;
  readonly clock: Clock;
  readonly onError: (key: string, error: unknown) => void;
}

export class LeadershipTerm {
  readonly memory = createMemory();
  readonly #queue: KeyQueue;
  /** Keys not reconciled yet in this term. undefined: the input is not known yet. */
  #unseen: Set<string> | undefined;
  #failed = '';
  readonly #clock: Clock;
  #cancelResync: (() => void) | undefined;

  constructor({ work, clock, onError }: LeadershipTermOptions) {
    this.#clock = clock;
    this.#queue = createKeyQueue({
      work: async (key) => {
        try {
          return await work(this.memory, key);
        } catch (error) {
          this.memory.rollouts.withdraw(key);
          throw error;
        } finally {
          this.#seen(key);
        }
      },
      clock,
      onError,
    });
  }

  /**
   * Everything there is. Rollouts begin when each of it was looked at once: some may be under way from the leader
   * before.
   */
  sync(keys: readonly string[]): void {
    if (this.#unseen !== undefined) return;
    this.#unseen = new Set(keys);
    this.#openIfSeen();
  }

  enqueue(keys: Iterable<string>): void {
    for (const key of keys) this.#queue.add(key);
  }

  remove(key: string): void {
    forget(this.memory, key);
    this.#queue.forget(key);
    this.#seen(key);
  }

  /** Enqueues all keys every `everyMs` milliseconds. */
  resync(everyMs: number, keys: () => readonly string[]): void {
    this.#cancelResync = this.#clock.after(everyMs, () => {
      this.enqueue(keys());
      this.resync(everyMs, keys);
    });
  }

  async end(): Promise<void> {
    this.#cancelResync?.();
    await this.#queue.close();
  }

  #seen(key: string): void {
    this.#unseen?.delete(key);
    this.#openIfSeen();
    this.enqueue(this.memory.rollouts.next());
    this.#enqueueQueued();
  }

  #openIfSeen(): void {
    if (this.#unseen?.size === 0) this.memory.rollouts.open();
  }

  /** Those who wait say for whom. */
  #enqueueQueued(): void {
    const { rollouts, states } = this.memory;
    const failed = [...rollouts.failed().keys()].join();
    if (failed === this.#failed) return;
    this.#failed = failed;
    for (const [key, state] of states)
      if (state.type === 'pending' && state.reason === 'Queued') this.#queue.add(key);
  }
}
