// When statuses are computed: soon after something changed, and never so often that it takes more than a fifth of the
// time. Timers are passed in.
import type { Timer } from './settle.ts';

export interface StatusLoopOptions {
  readonly timer: Timer;
  readonly nowMs: () => number;
  readonly compute: () => void;
  /** Acknowledgements are still coming in: what is computed now will be old in a moment. Default: never. */
  readonly isMoving?: () => boolean;
}

export interface StatusLoop {
  /** Something a status is made from may have changed. Cheap. */
  changed(): void;
  close(): void;
}

/** Proxies mostly acknowledge within this: a status is then written once, not first as Pending. */
const leadMs = 15;
/** How long a change waits for acknowledgements at most: a proxy that does not answer is to be told of. */
const patienceMs = 200;

export function createStatusLoop({ timer, nowMs, compute, isMoving }: StatusLoopOptions): StatusLoop {
  let cancel: (() => void) | null = null;
  let notBeforeMs = 0;
  let changedAtMs = 0;
  const run = (): void => {
    if (isMoving?.() === true && nowMs() - changedAtMs < patienceMs) {
      cancel = timer(leadMs, run);
      return;
    }
    cancel = null;
    const start = nowMs();
    compute();
    const end = nowMs();
    notBeforeMs = end + 4 * (end - start);
  };
  return {
    changed(): void {
      if (cancel !== null) return;
      changedAtMs = nowMs();
      cancel = timer(Math.max(leadMs, notBeforeMs - changedAtMs), run);
    },
    close(): void {
      cancel?.();
      // A later change is nobody's concern any more.
      cancel = () => undefined;
    },
  };
}
