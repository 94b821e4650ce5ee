// Time as a port, so that tests move it by hand.

export interface Timers {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs once after that many ms; returns what cancels it. */
  after(ms: number, run: () => void): () => void;
}

export const systemTimers: Timers = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after ms, or as soon as the signal aborts. */
export async function pause(ms: number, timers: Pick<Timers, 'after'>, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return;
  await new Promise<void>((resolve) => {
    const end = (): void => {
      cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const cancel = timers.after(ms, end);
    signal?.addEventListener('abort', end);
  });
}
