// Resources in, the mesh in force and the verdicts out.
import { expect, test } from '@jest/globals';
import type { Resources } from '../../../operator/store/resources.ts';
import { createBoard, type Board } from '../../../operator/wiring/board.ts';
import { createTranslation } from '../../../operator/wiring/translation.ts';
import { meshedPod, resourcesFromYaml, resourcesOf } from '../../support/builders.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type LogLine, rememberingLog } from '../../support/remembering-log.ts';

const [mesh] = resourcesFromYaml('{kind: Mesh, metadata: {name: default}, spec: {}}').meshes;
const pod = meshedPod('reviews-1', 'reviews', '10.0.0.1');
const meshed: Resources = resourcesOf(...(mesh === undefined ? [] : [mesh]), pod);
const reviewsId = 'spiffe://cluster.local/ns/shop/sa/reviews';

interface Bench {
  readonly board: Board;
  readonly lines: LogLine[];
  readonly stages: string[];
}

function start(): Bench {
  const board = createBoard();
  const { log, lines } = rememberingLog();
  const stages: string[] = [];
  const metrics = { stageDone: (stage: string) => void stages.push(stage) };
  const settings = { namespace: 'meshwright-system' };
  createTranslation(board, { log, clock: new FakeClock(), metrics, settings });
  return { board, lines, stages };
}

test('each batch is translated once, and timed', () => {
  const { board, stages } = start();

  board.resources.set(meshed);

  expect(board.translation.get().ir?.workloads.map(({ key }) => key)).toEqual(['Pod/shop/reviews-1']);
  expect(board.translation.get().verdicts.map(({ origin }) => origin.kind)).toEqual(['Mesh']);
  expect(stages).toEqual(['translate']);
});

test('who may connect is known before the mesh is', () => {
  const { board } = start();
  const seen: unknown[] = [];
  board.translation.subscribe(() =>
    seen.push(board.identities.get()?.get('Pod/shop/reviews-1')?.identity.spiffeId),
  );

  board.resources.set(meshed);

  expect(seen).toEqual([reviewsId]);
});

test('when the Mesh is gone there is no mesh in force, and who may connect stays', () => {
  const { board } = start();
  board.resources.set(meshed);

  board.resources.set(resourcesOf(pod));

  expect(board.translation.get().ir).toBeNull();
  expect(board.identities.get()?.get('Pod/shop/reviews-1')?.identity.spiffeId).toBe(reviewsId);
});

test('a batch that cannot be translated leaves the last good mesh, and is logged', () => {
  const { board, lines } = start();
  board.resources.set(meshed);
  const good = board.translation.get();

  board.resources.set({ ...meshed, pods: [{ ...pod, spec: undefined as never }] });

  expect(board.translation.get()).toBe(good);
  expect(lines).toMatchObject([
    { level: 'error', message: 'stage failed, keeping the last good configuration' },
  ]);
});
