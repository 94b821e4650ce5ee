// When statuses are computed: soon after something changed, at once after quiet, and never so often that it takes
// more than a fifth of the time. Timers are passed in.
import type { Timer } from '../store/settle.ts';

export interface StatusLoopOptions {
  readonly timer: Timer;
  readonly nowMs: () => number;
  readonly compute: () => void;
}

export interface StatusLoop {
  /** Something a status is made from may have changed. Cheap. */
  changed(): void;
  close(): void;
}

const minimumGapMs = 20;

export function createStatusLoop({ timer, nowMs, compute }: StatusLoopOptions): StatusLoop {
  let cancel: (() => void) | null = null;
  let notBeforeMs = 0;
  const run = (): void => {
    cancel = null;
    const start = nowMs();
    compute();
    const end = nowMs();
    notBeforeMs = end + Math.max(minimumGapMs, 4 * (end - start));
  };
  return {
    changed(): void {
      cancel ??= timer(Math.max(0, notBeforeMs - nowMs()), run);
    },
    close(): void {
      cancel?.();
      // A later change is nobody's concern any more.
      cancel = () => undefined;
    },
  };
}
