// Collects garbage while there is nothing else to do. V8 leaves what the start needed, or a thousand proxies that connected at once,
// until its heap is full again, which may be never: docs/decisions/012-memory-of-the-operator.md. Entry: collectAtRest.
import { constants, performance, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const lookMs = 10_000;
/** Of the time since the look before: below it the process is at rest. */
const restingShare = 0.02;
/** What the heap may hold, of what was in use after the last collection, V8's own included, before it is worth another. */
const growth = 1.25;
const slackBytes = 8 * 2 ** 20;

/** From now on, and without keeping the process alive. A collection stops everything for about a millisecond per megabyte. */
export function collectAtRest(): void {
  const collect = garbageCollector();
  let before = performance.eventLoopUtilization();
  let usedBytes = 0;
  onCollected(() => {
    usedBytes = getHeapStatistics().used_heap_size;
  });
  const look = (): void => {
    const isAtRest = performance.eventLoopUtilization(before).utilization < restingShare;
    // V8 takes two collections to let go of the pages that the first one emptied.
    if (isAtRest && getHeapStatistics().total_heap_size > usedBytes * growth + slackBytes) collect();
    before = performance.eventLoopUtilization();
  };
  setInterval(look, lookMs).unref();
}

/** After each collection of the whole heap. @see https://nodejs.org/api/perf_hooks.html#garbage-collection-gc-details */
function onCollected(then: () => void): void {
  const observer = new PerformanceObserver((list) => {
    if (list.getEntries().some(isWhole)) then();
  });
  observer.observe({ entryTypes: ['gc'] });
}

/** A `gc` entry has what its type does not say. */
function isWhole(entry: object): boolean {
  const detail = 'detail' in entry ? entry.detail : null;
  return detail instanceof Object && 'kind' in detail && detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}

/** @see https://nodejs.org/api/cli.html#--expose-gc */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('this V8 does not let its garbage be collected');
  return () => {
    collect();
  };
}
