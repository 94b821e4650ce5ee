// What the cluster is able to do, as the operator that leads sees it.
import { expect, test } from '@jest/globals';
import type { ClusterSupport } from '../../../operator/ports/pod-certificate-port.ts';
import { createLog } from '../../../operator/process/log.ts';
import { createBoard, type Board } from '../../../operator/wiring/board.ts';
import { createDelivery } from '../../../operator/wiring/delivery.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { sampleMesh } from '../../support/mesh-samples.ts';
import { until } from '../../support/until.ts';

const able: ClusterSupport = { isServed: true, nodes: [{ name: 'a', kubeletVersion: 'v1.37.2' }] };
const unable: ClusterSupport = { isServed: true, nodes: [{ name: 'b', kubeletVersion: 'v1.36.0' }] };

function start(answers: (ClusterSupport | Error)[]): {
  readonly board: Board;
  readonly clock: FakeClock;
  readonly made: ReturnType<typeof createDelivery>;
} {
  const board = createBoard();
  const clock = new FakeClock();
  const support = (): Promise<ClusterSupport> => {
    const answer = answers.shift() ?? unable;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const nothing = (): Promise<never> => Promise.reject(new Error('not asked for'));
  const podCertificates = {
    support,
    watch: nothing,
    pod: nothing,
    issue: nothing,
    deny: nothing,
    publishTrust: nothing,
  };
  const made = createDelivery(board, { platform: { podCertificates }, clock, log: createLog('silent') });
  return { board, clock, made };
}

function translate({ translation }: Board): void {
  translation.set({
    ir: sampleMesh({}),
    verdicts: [],
    podRecords: [],
    mtlsPlaces: [],
    addressClaims: [],
    keySources: [],
  });
}

test('without a cluster there is one way, and nothing to say about it', () => {
  const board = createBoard();
  createDelivery(board, { platform: {}, clock: new FakeClock(), log: createLog('silent') });

  translate(board);

  expect(board.delivery.get()).toEqual({ inUse: 'Secret', isPossible: true, why: null });
});

test('nothing is said before it has looked; an API server that does not answer is asked again; nodes come and go', async () => {
  const { board, clock, made } = start([new Error('away'), able, unable]);
  translate(board);
  expect(board.delivery.get()).toBeNull();

  made.leaderCallbacks?.onStartedLeading();
  await until('it waits', () => clock.pending === 1);
  expect(board.delivery.get()).toBeNull();
  await clock.pass(5000);
  await until('it has looked', () => board.delivery.get() !== null);
  expect(board.delivery.get()).toMatchObject({ inUse: 'PodCertificate', isPossible: true });

  await until('it waits', () => clock.pending === 1);
  await clock.pass(60_000);
  await until('it has looked again', () => board.delivery.get()?.inUse === 'Secret');
  await made.leaderCallbacks?.onStoppedLeading();

  expect(clock.pending).toBe(0);
});
