// Changes in, settled batches out.
import { expect, test } from '@jest/globals';
import { createBoard, type Board } from '../../../operator/wiring/board.ts';
import { createStorage } from '../../../operator/wiring/storage.ts';
import { service } from '../../support/builders.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function start(): { board: Board; clock: FakeClock; stop: () => Promise<void> | undefined } {
  const board = createBoard();
  const clock = new FakeClock();
  const { component } = createStorage(board, { clock });
  return { board, clock, stop: () => component?.stop() };
}

const ref = { kind: 'Service', namespace: 'shop', name: 'reviews' } as const;

test('changes are settled into one batch, and the first comes when everything has been listed', () => {
  const { board, clock } = start();
  board.change.set({ type: 'upsert', object: service('reviews') });
  board.change.set({ type: 'upsert', object: service('ratings') });
  clock.advance(1000);
  expect(board.resources.get()).toBeNull();

  board.change.set({ type: 'synced' });
  clock.advance(0);

  expect(board.resources.get()?.services.map(({ metadata }) => metadata.name)).toEqual([
    'ratings',
    'reviews',
  ]);
});

test('a removed object is in no later batch, and a rejected version is among the rejections', () => {
  const { board, clock } = start();
  board.change.set({ type: 'upsert', object: service('reviews') });
  board.change.set({ type: 'synced' });
  clock.advance(1000);

  board.change.set({ type: 'remove', ref });
  const policy = { kind: 'TrafficPolicy', namespace: 'shop', name: 'reviews' } as const;
  board.change.set({ type: 'reject', said: [policy, 2, ['spec: no'], 'Nothing is in force.'] });
  clock.advance(1000);

  expect(board.resources.get()).toMatchObject({
    services: [],
    rejections: [{ generation: 2, problems: ['spec: no'], instead: 'Nothing is in force.' }],
  });
});

test('after its end nothing is handed on', async () => {
  const { board, clock, stop } = start();
  await stop();

  board.change.set({ type: 'synced' });
  clock.advance(1000);

  expect(board.resources.get()).toBeNull();
});
