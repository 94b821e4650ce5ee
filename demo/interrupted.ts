// The ways in which a user ends the demo: Ctrl-C, kill, a closed terminal, a closed pipe.
import { constants } from 'node:os';

/** Why everything stops, when nothing went wrong. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** As a shell would report the signal: 130 for SIGINT. */
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE') {
    super(`interrupted by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * Aborts with an Interrupted at the first signal; a second one ends the process at once (the reaper cleans up).
 * Errors that nobody caught abort too, so that no process stays behind.
 */
export function abortOnSignals(controller: AbortController): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const reason = new Interrupted(signal);
      // oxlint-disable-next-line node/no-process-exit -- the user asked twice
      if (controller.signal.aborted) process.exit(reason.exitCode);
      controller.abort(reason);
    });
  }
  process.stdout.on('error', () => controller.abort(new Interrupted('SIGPIPE')));
  process.on('uncaughtException', (error) => controller.abort(error));
}

/** Rejects with the reason once the signal aborts; never resolves. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const rejectWithReason = (): void => {
      const reason: unknown = signal.reason;
      reject(reason instanceof Error ? reason : new Error(String(reason)));
    };
    if (signal.aborted) rejectWithReason();
    else signal.addEventListener('abort', rejectWithReason, { once: true });
  });
}
