// How late the event loop comes to what is due. Node's own monitor looks a hundred times a second, for ever, which costs more
// than all that an operator at rest does: this one looks as often while there is work, and every three seconds while there is none.
import { createHistogram, performance } from 'node:perf_hooks';

export interface EventLoopDelay {
  /** Seconds, since the call before. 0 where nothing was measured. */
  take(): Readonly<Record<'p50' | 'p99' | 'max', number>>;
  close(): void;
}

const workingMs = 10;
/** Each look is an awakening, a tenth of a millisecond and more. */
const restingMs = 3000;
/** Of the time since the last look: above it the loop works. */
const workingShare = 0.05;

export function watchEventLoop(): EventLoopDelay {
  const nanoseconds = createHistogram();
  let atLastLook = performance.eventLoopUtilization();
  let intervalMs = workingMs;
  let dueAtMs = performance.now() + intervalMs;
  const look = (): void => {
    // A histogram begins at 1.
    nanoseconds.record(Math.max(1, Math.round((performance.now() - dueAtMs) * 1e6)));
    const now = performance.eventLoopUtilization();
    const isWorking = performance.eventLoopUtilization(now, atLastLook).utilization > workingShare;
    atLastLook = now;
    intervalMs = isWorking ? workingMs : Math.min(restingMs, intervalMs * 2);
    dueAtMs = performance.now() + intervalMs;
    timer = setTimeout(look, intervalMs).unref();
  };
  let timer = setTimeout(look, intervalMs).unref();
  return {
    take: () => {
      const seconds = (percentile: number): number =>
        nanoseconds.count === 0 ? 0 : nanoseconds.percentile(percentile) / 1e9;
      const result = { p50: seconds(50), p99: seconds(99), max: seconds(100) };
      nanoseconds.reset();
      return result;
    },
    close: () => clearTimeout(timer),
  };
}
