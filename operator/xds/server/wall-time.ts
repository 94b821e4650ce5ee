// Something that is due at a time of the calendar, such as the end of a certificate.
import type { Clock } from '../../process/clock.ts';

/** Timers run by a clock of their own, and no longer than 24 days: it is looked again after a day at the latest. */
const lookAgainMs = 86_400_000;

/** Runs at that time, in milliseconds since 1970, or at once if it has passed: not within this call. Returns what cancels it. */
export function atWallTime(clock: Clock, timeMs: number, run: () => void): () => void {
  let cancel: () => void;
  const wait = (): void => {
    const leftMs = Math.min(Math.max(0, timeMs - clock.now()), lookAgainMs);
    cancel = clock.after(leftMs, () => (clock.now() >= timeMs ? run() : wait()));
  };
  wait();
  return () => cancel();
}
