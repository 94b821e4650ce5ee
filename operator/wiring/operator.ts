// The operator put together: the board first, then each part with its cells. No arrow goes back: statuses never re-enter
// translation.
import { systemClock } from '../process/clock.ts';
import { closing, type Component } from '../process/lifecycle.ts';
import type { Log } from '../process/log.ts';
import { createMetrics } from '../process/metrics.ts';
import type { Settings } from '../process/settings.ts';
import type { Holder } from '../replicas/holder.ts';
import { createBoard, type Board } from './board.ts';
import { createPlatform } from './create-platform.ts';
import type { Context, LeaderCallbacks } from './part.ts';
import { parts } from './parts.ts';

export interface Operator {
  /** In the order of starting. */
  readonly components: readonly Component[];
  /** After start. */
  ports(): { readonly xdsPort: number; readonly adminPort: number };
  /** Resolves when the first snapshot is served. */
  readonly whenReady: Promise<void>;
  /** Rejects if a part that must go on for ever ended. */
  readonly failed: Promise<never>;
}

export function createOperator(settings: Settings, log: Log, self: Omit<Holder, 'address'>): Operator {
  const board = createBoard();
  const metrics = createMetrics();
  const platform = createPlatform(settings, log.child({ component: 'platform' }));
  const components: Component[] = [
    closing('platform connections', () => platform.close?.()),
    closing('metrics', () => metrics.close()),
  ];
  const leaderCallbacks: LeaderCallbacks[] = [];
  const context: Context = {
    settings,
    platform,
    metrics,
    clock: systemClock,
    log,
    self,
    components: () => components,
    leaderCallbacks: () => leaderCallbacks,
  };
  for (const part of parts) {
    const made = part.create(board, context);
    if (made.component !== undefined) components.push(made.component);
    if (made.leaderCallbacks !== undefined) leaderCallbacks.push(made.leaderCallbacks);
  }
  return {
    components,
    ports: () => ({ xdsPort: board.xdsPort.get(), adminPort: board.adminPort.get() }),
    whenReady: whenServed(board),
    failed: whenFailed(board),
  };
}

function whenServed({ snapshot }: Pick<Board, 'snapshot'>): Promise<void> {
  return new Promise((resolve) => snapshot.subscribe(resolve));
}

function whenFailed({ watchFailure }: Pick<Board, 'watchFailure'>): Promise<never> {
  const failed = new Promise<never>((_resolve, reject) => {
    watchFailure.subscribe(() => reject(watchFailure.get() ?? new Error('watching failed')));
  });
  // Whoever waits sees it; a failure while stopping must not end the process a second time.
  failed.catch(() => undefined);
  return failed;
}
