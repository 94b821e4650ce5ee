// Doing something at moments of which only the next is known.
import type { Clock } from '../process/clock.ts';

export interface Moments {
  /** The next one, by the wall clock, in milliseconds; null: none. */
  readonly next: (nowMs: number) => number | null;
  readonly wake: (nowMs: number) => void;
}

export interface Waking {
  /** The next moment may be another one. */
  look(): void;
  cancel(): void;
}

export function wakingAt(clock: Pick<Clock, 'now' | 'after'>, { next, wake }: Moments): Waking {
  let wakes: { readonly atMs: number; readonly cancel: () => void } | null = null;
  const look = (): void => {
    const nowMs = clock.now();
    const atMs = next(nowMs);
    if (atMs === null || (wakes !== null && wakes.atMs <= atMs)) return;
    wakes?.cancel();
    const cancel = clock.after(Math.max(1, atMs - nowMs), () => {
      wakes = null;
      wake(clock.now());
      look();
    });
    wakes = { atMs, cancel };
  };
  const cancel = (): void => {
    wakes?.cancel();
    wakes = null;
  };
  return { look, cancel };
}
