// When statuses are computed: soon after something changed, and mostly not so often that it takes more than a fifth of the
// time. A status is never older than a second while the operator runs, whatever one computation took.
import type { Clock } from './clock.ts';
import { Pacer } from './pacer.ts';

export interface StatusLoopOptions {
  readonly clock: Clock;
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
/** How long a change waits for acknowledgements at most: a proxy that does not answer is to be reported. */
const patienceMs = 200;
/** A process that was paused while it computed has not worked for so long: it must not rest in proportion. */
const maxRestMs = 500;

export function createStatusLoop({ clock, compute, isMoving }: StatusLoopOptions): StatusLoop {
  const pacer = new Pacer({ clock, restPerWork: 4, maxRestMs });
  let cancel: (() => void) | null = null;
  let changedAtMs = 0;
  const run = (): void => {
    if (isMoving?.() === true && clock.monotonicMs() - changedAtMs < patienceMs) {
      cancel = clock.after(leadMs, run);
      return;
    }
    cancel = null;
    pacer.run(compute);
  };
  return {
    changed(): void {
      if (cancel !== null) return;
      changedAtMs = clock.monotonicMs();
      cancel = clock.after(Math.max(leadMs, pacer.restMs()), run);
    },
    close(): void {
      cancel?.();
      // A later change is nobody's concern any more.
      cancel = () => undefined;
    },
  };
}
