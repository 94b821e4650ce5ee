// Waits for a condition, with a deadline. Entry: poll.
import { setInterval } from 'node:timers/promises';

export interface PollOptions {
  readonly intervalMs: number;
  readonly deadlineMs: number;
}

/** Asks until the answer is not undefined. Rejects after deadlineMs, or with what `ask` throws. */
export async function poll<T>(ask: () => Promise<T | undefined>, options: PollOptions): Promise<T> {
  const end = Date.now() + options.deadlineMs;
  const first = await ask();
  if (first !== undefined) return first;
  for await (const _ of setInterval(options.intervalMs)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) break;
  }
  throw new Error(`not within ${options.deadlineMs} ms`);
}
