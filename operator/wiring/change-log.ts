// Which publications there were, and when all proxies had acknowledged each: for the dashboard.
import { ChangeLog, type Moment } from '../dashboard/changes.ts';
import { throttle } from '../process/throttle.ts';
import type { Context, Made, Reads, Writes } from './part.ts';

type Cells = Reads<'snapshot' | 'proxies' | 'isConverging'> & Writes<'recentChanges'>;

export function createChangeLog(
  { snapshot, proxies, isConverging, recentChanges }: Cells,
  { clock }: Pick<Context, 'clock'>,
): Made {
  const log = new ChangeLog();
  const now = (): Moment => ({ monotonicMs: clock.monotonicMs(), wallMs: clock.now() });
  /** Those of other replicas, too: to read all reports takes time, so it is done once the own proxies have all. */
  const look = (): void => {
    if (!log.isOpen() || isConverging.get()) return;
    if (proxies.get().every(({ leftAtMs, lagging }) => leftAtMs !== null || lagging.length === 0))
      log.settled(now());
  };
  const lookSoon = throttle(look, clock);
  snapshot.subscribe(() => {
    const latest = snapshot.get();
    if (latest === null) return;
    log.published(latest, now());
    lookSoon();
  });
  proxies.subscribe(() => {
    if (log.isOpen() && !isConverging.get()) lookSoon();
  });
  recentChanges.define(() => log.latestFirst());
  return {};
}
