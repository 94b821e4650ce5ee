// Looks at something now and then, one look after the other. Entry: Looking.
import type { Clock } from '../process/clock.ts';

export class Looking {
  readonly #clock: Clock;
  readonly #look: () => Promise<number>;
  #cancel: (() => void) | undefined;
  #isNew = false;
  #running: Promise<void> | undefined;
  #isOver = false;

  /** look: resolves to the time until the next look, in ms; it does not reject. */
  constructor(clock: Clock, look: () => Promise<number>) {
    this.#clock = clock;
    this.#look = look;
  }

  /** There is something new: looks at once, or again. */
  wake(): void {
    this.#isNew = true;
    this.#cancel?.();
    this.#running ??= this.#run();
  }

  /** Resolves when the look at hand has ended. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.#cancel?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    let afterMs = 0;
    while (this.#isNew && !this.#isOver) {
      this.#isNew = false;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      afterMs = await this.#look();
    }
    this.#running = undefined;
    if (!this.#isOver) this.#cancel = this.#clock.after(afterMs, () => this.wake());
  }
}
