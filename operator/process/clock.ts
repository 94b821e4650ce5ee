// Time as a port, so that tests move it by hand.

export interface Clock {
  /** Wall time, milliseconds since 1970. It may jump: for what people read, and for ends of validity. */
  readonly now: () => number;
  /** Milliseconds that only grow, from an arbitrary start: for durations and deadlines. */
  readonly monotonicMs: () => number;
  /** Runs once after that many milliseconds; returns what cancels it. */
  readonly after: (ms: number, run: () => void) => () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after that many milliseconds, or as soon as the signal aborts. */
export async function pause(ms: number, clock: Clock, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return;
  await new Promise<void>((resolve) => {
    const end = (): void => {
      cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal?.addEventListener('abort', end);
  });
}
