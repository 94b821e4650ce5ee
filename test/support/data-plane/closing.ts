// What a test opened, to be closed in reverse. Entry: Closing.

export class Closing {
  readonly #steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  /** Closes everything, whatever fails on the way; then rejects with the first failure. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.splice(0).toReversed()) {
      // One after the other: what was opened later may need what was opened before.
      // oxlint-disable-next-line no-await-in-loop -- in order
      await step().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
}
