// What a platform sees becomes changes.
import { expect, test } from '@jest/globals';
import type { ObjectSink } from '../../../operator/ports/platform.ts';
import { createBoard, type Board } from '../../../operator/wiring/board.ts';
import { createWatching } from '../../../operator/wiring/watching.ts';
import { service } from '../../support/builders.ts';
import { until } from '../../support/until.ts';

interface Bench {
  readonly board: Board;
  readonly component: ReturnType<typeof createWatching>['component'];
  readonly sink: () => ObjectSink;
  readonly watched: PromiseWithResolvers<void>;
}

/** A platform that does as the test says; it ends when it is told to. */
function start(): Bench {
  const board = createBoard();
  const watched = Promise.withResolvers<void>();
  let sink: ObjectSink | undefined;
  const { component } = createWatching(board, {
    platform: {
      name: 'files',
      watch: (given, signal) => {
        sink = given;
        signal.addEventListener('abort', () => watched.resolve());
        return watched.promise;
      },
    },
  });
  const sinkOf = (): ObjectSink => {
    if (sink === undefined) throw new Error('nobody watches');
    return sink;
  };
  return { board, component, sink: sinkOf, watched };
}

const ref = { kind: 'Service', namespace: 'shop', name: 'reviews' } as const;

test('each call of the sink is one change', async () => {
  const { board, component, sink } = start();
  const seen: unknown[] = [];
  board.change.subscribe(() => seen.push(board.change.get()));
  await component.start();

  sink().upsert(service('reviews'));
  sink().remove(ref);
  sink().reject(ref, 2, ['no'], 'Version 1 stays in force.');
  sink().synced();

  expect(seen).toEqual([
    { type: 'upsert', object: service('reviews') },
    { type: 'remove', ref },
    { type: 'reject', said: [ref, 2, ['no'], 'Version 1 stays in force.'] },
    { type: 'synced' },
  ]);
});

test('it is ready once everything has been listed', async () => {
  const { component, sink } = start();
  await component.start();
  expect(component.ready()).toBe(false);

  sink().synced();

  expect(component.ready()).toBe(true);
});

test('watching that ends by itself is a failure', async () => {
  const { board, component, watched } = start();
  await component.start();

  watched.resolve();
  await until('it is noticed', () => board.watchFailure.get() !== null);
  await component.stop();

  expect(board.watchFailure.get()).toEqual(new Error('the platform stopped watching'));
});

test('watching that fails says why', async () => {
  const { board, component, watched } = start();
  await component.start();

  watched.reject(new Error('no such folder'));
  await until('it is noticed', () => board.watchFailure.get() !== null);
  await component.stop();

  expect(board.watchFailure.get()).toEqual(new Error('no such folder'));
});

test('watching that is stopped is none', async () => {
  const { board, component } = start();
  await component.start();

  await component.stop();

  expect(board.watchFailure.get()).toBeNull();
});
