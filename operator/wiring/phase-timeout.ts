// The status of a rotation changes when a phase has lasted longer than it should, though nothing else does.
import type { RotationReport } from '../status/root-rotation.ts';
import type { Clock } from '../process/clock.ts';

export class PhaseTimeout {
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits for the end of the time of the present phase, if there is one and it has not ended. */
  watch(report: RotationReport | undefined, onTimeout: () => void): void {
    this.end();
    const rotation = report?.root.rotation;
    if (report === undefined || rotation == null) return;
    const ms = rotation.sinceMs + report.wish.phaseTimeoutMs - this.#clock.now();
    if (ms > 0) this.#cancel = this.#clock.after(ms, onTimeout);
  }

  /** It leads no longer, and waits for nothing: a timer would keep the process alive. */
  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
