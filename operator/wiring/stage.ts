// A stage of the line from resources to the snapshot: timed; an error in it is logged and empties nothing.
import type { Clock } from '../process/clock.ts';
import type { Log } from '../process/log.ts';
import type { Metrics, Stage } from '../process/metrics.ts';

export interface StageContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'stageDone'>;
}

export function timed<T>({ clock, metrics }: StageContext, stage: Stage, work: () => T): T {
  const startMs = clock.monotonicMs();
  const result = work();
  metrics.stageDone(stage, clock.monotonicMs() - startMs);
  return result;
}

/** Cells keep the last good outcome: what fails has not written. */
export function guarded({ log }: StageContext, work: () => void): void {
  try {
    work();
  } catch (error) {
    log.error({ error }, 'stage failed, keeping the last good configuration');
  }
}
