// When statuses are computed: soon after something changed, and never so often that it takes more than a fifth of the
// time. Timers are passed in.
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

/** Proxies mostly acknowledge within this: a status is then written once, not first as Pending. */
const leadMs = 15;

export function createStatusLoop({ timer, nowMs, compute }: StatusLoopOptions): StatusLoop {
  let cancel: (() => void) | null = null;
  let notBeforeMs = 0;
  const run = (): void => {
    cancel = null;
    const start = nowMs();
    compute();
    const end = nowMs();
    notBeforeMs = end + 4 * (end - start);
  };
  return {
    changed(): void {
      cancel ??= timer(Math.max(leadMs, notBeforeMs - nowMs()), run);
    },
    close(): void {
      cancel?.();
      // A later change is nobody's concern any more.
      cancel = () => undefined;
    },
  };
}
