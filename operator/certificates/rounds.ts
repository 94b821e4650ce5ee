// Rounds of work, one at a time, with sleep between them; who wakes it while one runs gets another one.
import type { Clock } from '../process/clock.ts';

export interface RoundsOptions {
  readonly clock: Clock;
  /** Never rejects. */
  readonly round: () => Promise<void>;
  /** How long until the next one, if nobody wakes it. */
  readonly sleepMs: () => number;
}

export class Rounds {
  readonly #options: RoundsOptions;
  #running: Promise<void> | undefined;
  #isWanted = false;
  #isStarted = false;
  #isStopped = false;
  #cancelTimer: () => void = () => undefined;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Resolves after the first round. */
  async start(): Promise<void> {
    this.#isStarted = true;
    this.wake();
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    await this.#running;
  }

  /** Resolves when the round that runs has ended, and those that follow at once. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Does nothing before the start, which begins with a round anyway. */
  wake(): void {
    this.#isWanted = true;
    if (!this.#isStarted || this.#isStopped || this.#running !== undefined) return;
    this.#cancelTimer();
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      this.#sleep();
    });
  }

  async #run(): Promise<void> {
    while (this.#isWanted && !this.#isStopped) {
      this.#isWanted = false;
      // Rounds follow each other: the next must see what this one wrote.
      // oxlint-disable-next-line no-await-in-loop
      await this.#options.round();
    }
  }

  #sleep(): void {
    if (this.#isStopped) return;
    if (this.#isWanted) return this.wake();
    const { clock, sleepMs } = this.#options;
    this.#cancelTimer = clock.after(sleepMs(), () => this.wake());
  }
}
