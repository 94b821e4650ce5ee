// How long to wait after a failure: twice as long each time, with jitter so that many clients of one API server
// do not come back in step. Entry: createBackoff.

export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

export interface Backoff {
  /** The next wait: between half of and the whole of min(maxMs, initialMs * 2^failures). */
  nextMs(): number;
  /** Something worked: the next wait is a short one again. */
  reset(): void;
}

export function createBackoff(options: BackoffOptions): Backoff {
  let failures = 0;
  return {
    nextMs: () => {
      const ceiling = Math.min(options.maxMs, options.initialMs * 2 ** failures);
      failures = Math.min(failures + 1, 32);
      return Math.round(ceiling * (0.5 + options.random() / 2));
    },
    reset: () => {
      failures = 0;
    },
  };
}
