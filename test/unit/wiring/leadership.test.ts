// Who writes: the callbacks of all parts, and the holder of the Lease in a cell.
import { expect, test } from '@jest/globals';
import { createLog } from '../../../operator/process/log.ts';
import { createBoard, type Board } from '../../../operator/wiring/board.ts';
import { createLeadership } from '../../../operator/wiring/leadership.ts';
import type { LeaderCallbacks } from '../../../operator/wiring/part.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MemoryLease } from '../../support/memory-lease.ts';

interface Bench {
  readonly board: Board;
  readonly clock: FakeClock;
  readonly events: string[];
  readonly component: ReturnType<typeof createLeadership>['component'];
}

function start(lease?: MemoryLease, podAddress?: string): Bench {
  const board = createBoard();
  const clock = new FakeClock();
  const events: string[] = [];
  const part = (name: string): LeaderCallbacks => ({
    onStartedLeading: () => void events.push(`${name} starts`),
    onStoppedLeading: async () => {
      await Promise.resolve();
      events.push(`${name} has stopped`);
    },
  });
  const parts = [part('issuance'), part('injection')];
  const { component } = createLeadership(board, {
    platform: lease === undefined ? {} : { leases: lease.as('here') },
    settings: { podAddress, xdsAddress: { host: '127.0.0.1', port: 0 } },
    self: { name: 'host', nonce: 'n1' },
    clock,
    log: createLog('silent'),
    leaderCallbacks: () => parts,
  });
  return { board, clock, events, component };
}

test('where there is one operator it leads, from start to stop, and holds no Lease', async () => {
  const { board, events, component } = start();

  await component.start();
  expect(events).toEqual(['issuance starts', 'injection starts']);
  await component.stop();

  expect(events.slice(2)).toEqual(['issuance has stopped', 'injection has stopped']);
  expect(board.leader.get()).toBe('');
});

test('the holder names the port that is open when it starts, at the address of the pod', async () => {
  const { board, clock, events, component } = start(new MemoryLease(), 'fd00::1');
  board.xdsPort.define(() => 15_012);

  await component.start();
  await clock.pass(100);

  expect(board.leader.get()).toBe('host_[fd00::1]:15012_n1');
  expect(events).toEqual(['issuance starts', 'injection starts']);
});

test('the Lease is handed over when all parts have stopped writing', async () => {
  const lease = new MemoryLease();
  const { clock, events, component } = start(lease);
  await component.start();
  await clock.pass(100);

  await component.stop();

  expect(events.slice(2)).toEqual(['issuance has stopped', 'injection has stopped']);
  expect(lease.stored?.holder).toBe('');
});

test('an operator that does not lead knows who does', async () => {
  const lease = new MemoryLease();
  lease.stored = { holder: 'other', durationSeconds: 8, transitions: 1, renewTime: '', resourceVersion: '1' };
  const { board, clock, events, component } = start(lease);

  await component.start();
  await clock.pass(100);

  expect(board.leader.get()).toBe('other');
  expect(events).toEqual([]);
  expect(component.ready()).toBe(true);
});
