// Waits for a condition, with a deadline; the one place in the demo where time passes without work.
import { setTimeout as delay } from 'node:timers/promises';
import { DemoError } from '../demo-error.ts';

export interface WaitOptions {
  /** Ends the sentence "Waited 10 s for …". */
  readonly what: string;
  readonly deadlineMs: number;
  /** Ends the wait with the signal's reason. */
  readonly signal: AbortSignal;
  /** Between two looks. Default 20 ms. */
  readonly everyMs?: number;
  /** What was seen last, for the error: a sentence. */
  readonly seen?: () => string;
}

/**
 * The first value of `probe` that is not undefined. A probe that throws ends the wait.
 * @throws DemoError at the deadline.
 */
export async function waitFor<T>(
  probe: () => Promise<T | undefined> | T | undefined,
  options: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + options.deadlineMs;
  // Looking again and again is what it is for.
  // oxlint-disable no-await-in-loop
  for (;;) {
    options.signal.throwIfAborted();
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > deadline) {
      throw new DemoError(
        `Waited ${options.deadlineMs / 1000} s for ${options.what}. ${options.seen?.() ?? ''}`.trim(),
      );
    }
    await delay(options.everyMs ?? 20);
  }
  // oxlint-enable no-await-in-loop
}
