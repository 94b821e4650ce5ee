// When an operator that has begun to lead may write statuses.
import { expect, test } from '@jest/globals';
import { createBoard, type Board } from '../../../operator/wiring/board.ts';
import { SidecarReturn } from '../../../operator/wiring/sidecar-return.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { sampleMesh, sampleWorkload } from '../../support/mesh-samples.ts';

interface Bench {
  readonly board: Board;
  readonly clock: FakeClock;
  readonly sidecars: SidecarReturn;
}

function start(): Bench {
  const board = createBoard();
  const clock = new FakeClock();
  return { board, clock, sidecars: new SidecarReturn(board, clock) };
}

/** A mesh whose snapshot has views for these workloads. */
function publish({ translation, snapshot }: Board, ...workloads: readonly string[]): void {
  translation.set({
    ir: sampleMesh({}),
    verdicts: [],
    podRecords: [],
    mtlsPlaces: [],
    addressClaims: [],
    keySources: [],
  });
  const views = new Map(workloads.map((key) => [key, ['shared']]));
  snapshot.set({ generation: 1, layers: new Map(), views, invalid: [] });
}

function connect({ connectedWorkloads }: Board, ...workloads: readonly string[]): void {
  connectedWorkloads.define(() => new Set(workloads));
}

const ignore = (): void => undefined;

test('an operator that does not lead never may', () => {
  const { board, sidecars } = start();
  publish(board);

  expect(sidecars.isDone()).toBe(false);
});

test('a leader may when all sidecars of the mesh are connected, and may then for good', () => {
  const { board, clock, sidecars } = start();
  publish(board, 'a', 'b');
  connect(board, 'a');
  sidecars.begin(ignore);
  expect(sidecars.isDone()).toBe(false);

  connect(board, 'a', 'b', 'c');
  expect(sidecars.isDone()).toBe(true);
  connect(board);

  expect(sidecars.isDone()).toBe(true);
  expect(clock.pending).toBe(0);
});

test('it waits for a second at most, and says when it has', () => {
  const { board, clock, sidecars } = start();
  let timeouts = 0;
  publish(board, 'a');
  sidecars.begin(() => void (timeouts += 1));
  expect(sidecars.isDone()).toBe(false);

  clock.advance(999);
  expect(sidecars.isDone()).toBe(false);
  clock.advance(1);

  expect(sidecars.isDone()).toBe(true);
  expect(timeouts).toBe(1);
});

test('without certificates nothing is published: it says so after the wait', () => {
  const { board, clock, sidecars } = start();
  board.translation.set({
    ir: sampleMesh({}),
    verdicts: [],
    podRecords: [],
    mtlsPlaces: [],
    addressClaims: [],
    keySources: [],
  });
  sidecars.begin(ignore);
  expect(sidecars.isDone()).toBe(false);

  clock.advance(1000);

  expect(sidecars.isDone()).toBe(true);
});

test('when it is known why there are none, it says so at once, unless sidecars may come', () => {
  const { board, sidecars } = start();
  const workloads = [sampleWorkload('reviews')];
  board.certificates.set({ ...board.certificates.get(), problems: ['The root is damaged.'] });
  board.translation.set({
    ir: sampleMesh({ workloads }),
    verdicts: [],
    podRecords: [],
    mtlsPlaces: [],
    addressClaims: [],
    keySources: [],
  });
  sidecars.begin(ignore);
  expect(sidecars.isDone()).toBe(false);

  board.translation.set({
    ir: sampleMesh({}),
    verdicts: [],
    podRecords: [],
    mtlsPlaces: [],
    addressClaims: [],
    keySources: [],
  });

  expect(sidecars.isDone()).toBe(true);
});

test('without a Mesh users are told at once, and sidecars are waited for when there is one', () => {
  const { board, sidecars } = start();
  sidecars.begin(ignore);
  expect(sidecars.isDone()).toBe(true);

  publish(board, 'a');

  expect(sidecars.isDone()).toBe(false);
});

test('a new term of leadership waits again, and between terms no timer runs', () => {
  const { board, clock, sidecars } = start();
  publish(board, 'a');
  sidecars.begin(ignore);
  sidecars.isDone();

  sidecars.end();
  expect(clock.pending).toBe(0);
  expect(sidecars.isDone()).toBe(false);
  sidecars.begin(ignore);
  sidecars.isDone();
  clock.advance(1000);

  expect(sidecars.isDone()).toBe(true);
});
