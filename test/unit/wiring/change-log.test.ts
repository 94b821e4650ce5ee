// A publication is acknowledged when the last proxy of all replicas has it.
import { expect, test } from '@jest/globals';
import { createBoard } from '../../../operator/wiring/board.ts';
import { createChangeLog } from '../../../operator/wiring/change-log.ts';
import { proxy } from '../../support/dashboard/known-mesh.ts';
import { FakeClock } from '../../support/fake-clock.ts';

test('it waits for the own proxies, then for those of others', () => {
  const board = createBoard();
  const clock = new FakeClock();
  let isConverging = true;
  const typeUrl = 'type.googleapis.com/envoy.config.cluster.v3.Cluster' as const;
  let lagging = [{ typeUrl, name: 'x', origins: [] }];
  board.isConverging.define(() => isConverging);
  board.proxies.define(() => [
    proxy('Pod/shop/a', { lagging }),
    proxy('Pod/shop/gone', { leftAtMs: 1, lagging }),
  ]);
  createChangeLog(board, { clock });
  const took = (): number | null | undefined => board.recentChanges.get()[0]?.tookMs;

  board.snapshot.set({ generation: 1, layers: new Map(), views: new Map(), invalid: [] });
  clock.advance(1000);
  isConverging = false;
  board.proxies.changed();
  clock.advance(1000);
  expect(took()).toBeNull();

  lagging = [];
  board.proxies.changed();
  clock.advance(1000);
  expect(took()).toBeGreaterThanOrEqual(2000);
});
