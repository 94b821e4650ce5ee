// A timer that fires when the test says that time has passed.
import type { Timer } from '../../../operator/process/settle.ts';

export interface FakeTimer {
  readonly timer: Timer;
  /** Lets milliseconds pass; what is due fires in order of time. */
  readonly advance: (ms: number) => void;
  /** Timers that have neither fired nor been cancelled. */
  readonly running: () => number;
}

export function createFakeTimer(): FakeTimer {
  const waiting = new Set<{ readonly at: number; readonly fire: () => void }>();
  let now = 0;
  return {
    timer(delayMs, fire) {
      const entry = { at: now + delayMs, fire };
      waiting.add(entry);
      return () => waiting.delete(entry);
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const [next] = [...waiting].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
        if (next === undefined) break;
        waiting.delete(next);
        now = next.at;
        next.fire();
      }
      now = end;
    },
    running: () => waiting.size,
  };
}
