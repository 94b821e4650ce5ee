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
