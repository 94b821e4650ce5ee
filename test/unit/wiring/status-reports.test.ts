// Verdicts, snapshot and reports in, written statuses out: while this operator leads.
import { afterEach, expect, test } from '@jest/globals';
import { conditionType, reason, type Verdict } from '../../../operator/conditions/conditions.ts';
import { type ObjectRef, refKey } from '../../../operator/objects/objects.ts';
import type { ObjectStatus } from '../../../operator/ports/platform.ts';
import { createLog } from '../../../operator/process/log.ts';
import { graceMs } from '../../../operator/status/grace.ts';
import { createBoard, type Board } from '../../../operator/wiring/board.ts';
import { createStatusReports } from '../../../operator/wiring/status-reports.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { sampleMesh } from '../../support/mesh-samples.ts';

interface Bench {
  readonly board: Board;
  readonly clock: FakeClock;
  /** `TrafficPolicy/shop/reviews Programmed=NoProxies`, in order. */
  readonly written: string[];
  readonly made: ReturnType<typeof createStatusReports>;
}

const running: Bench[] = [];
afterEach(() => Promise.all(running.splice(0).map(({ made }) => made.component.stop())));

async function start(): Promise<Bench> {
  const board = createBoard();
  const clock = new FakeClock();
  const written: string[] = [];
  const made = createStatusReports(board, {
    settings: { namespace: 'meshwright-system' },
    platform: {
      statuses: {
        read: () => Promise.resolve(undefined),
        write: (ref, status) => Promise.resolve(void written.push(`${refKey(ref)} ${programmed(status)}`)),
      },
    },
    metrics: { statusWritten: () => undefined },
    clock,
    log: createLog('silent'),
  });
  await made.component.start();
  const bench = { board, clock, written, made };
  running.push(bench);
  return bench;
}

function programmed({ conditions }: ObjectStatus): string {
  return `Programmed=${conditions.find(({ type }) => type === 'Programmed')?.reason}`;
}

const policy: ObjectRef = { kind: 'TrafficPolicy', namespace: 'shop', name: 'reviews' };
const accepted: Verdict = {
  origin: { ...policy, generation: 1 },
  conditions: [{ type: conditionType.accepted, status: 'True', reason: reason.accepted, message: 'Yes.' }],
};

/** An accepted policy that shapes nothing; all sidecars, of which there are none, are back. */
function translate({ translation, snapshot }: Board): void {
  translation.set({
    ir: sampleMesh({}),
    verdicts: [accepted],
    podRecords: [],
    mtlsPlaces: [],
    addressClaims: [],
    keySources: [],
  });
  snapshot.set({ generation: 1, layers: new Map(), views: new Map(), invalid: [] });
}

test('an operator that does not lead writes nothing', async () => {
  const { board, clock, written } = await start();

  translate(board);
  await clock.pass(20_000);

  expect(written).toEqual([]);
  expect(board.statuses.get().size).toBe(0);
});

test('a leader writes the statuses of what there is, and of each change', async () => {
  const { board, clock, written, made } = await start();
  translate(board);

  made.leaderCallbacks.onStartedLeading();
  await clock.pass(100);
  expect(written).toEqual(['TrafficPolicy/shop/reviews Programmed=NoProxies']);
  expect([...board.statuses.get().keys()]).toEqual([refKey(policy)]);
  board.translation.set({
    ir: sampleMesh({}),
    verdicts: [{ ...accepted, origin: { ...policy, name: 'ratings', generation: 1 } }],
    podRecords: [],
    mtlsPlaces: [],
    addressClaims: [],
    keySources: [],
  });
  await clock.pass(1000);

  expect(written.slice(1)).toEqual(['TrafficPolicy/shop/ratings Programmed=NoProxies']);
});

test.each(['snapshot', 'proxies', 'certificates', 'workloadReport'] as const)(
  'a change of %s computes them again',
  async (name) => {
    const { board, clock, made } = await start();
    translate(board);
    made.leaderCallbacks.onStartedLeading();
    await clock.pass(1000);
    let computed = 0;
    board.proxies.define(() => {
      computed += 1;
      return [];
    });

    const cell = board[name];
    if ('changed' in cell) cell.changed();
    else if (name === 'snapshot') board.snapshot.set(board.snapshot.get());
    else board.certificates.set(board.certificates.get());
    await clock.pass(100);

    expect(computed).toBe(1);
  },
);

test('the end of a grace computes them again, though nothing changes', async () => {
  const { board, clock, made } = await start();
  let computed = 0;
  const left = { workload: 'Pod/shop/a', nodeId: 'a', connectedAtMs: 0, leftAtMs: 1, atRest: true };
  const report = { ...left, since: new Date(clock.now()), layers: [], lagging: [], rejected: [], former: [] };
  board.proxies.define(() => {
    computed += 1;
    return [report];
  });
  translate(board);
  made.leaderCallbacks.onStartedLeading();
  await clock.pass(graceMs - 1);
  const before = computed;

  await clock.pass(1000);

  expect(computed - before).toBe(1);
});

test('while acknowledgements come in, statuses wait for a moment', async () => {
  const { board, clock, written, made } = await start();
  let isConverging = true;
  board.isConverging.define(() => isConverging);
  translate(board);
  made.leaderCallbacks.onStartedLeading();

  await clock.pass(100);
  expect(written).toEqual([]);
  isConverging = false;
  await clock.pass(100);

  expect(written).toHaveLength(1);
});

test('an object that is removed and made again has no status from before', async () => {
  const { board, clock, made } = await start();
  translate(board);
  made.leaderCallbacks.onStartedLeading();
  await clock.pass(100);

  board.change.set({ type: 'remove', ref: policy });

  expect(board.statuses.get().size).toBe(0);
});

test('what no longer leads forgets what it wrote, and writes nothing', async () => {
  const { board, clock, written, made } = await start();
  translate(board);
  made.leaderCallbacks.onStartedLeading();
  await clock.pass(1000);

  await made.leaderCallbacks.onStoppedLeading();
  board.translation.set({
    ir: null,
    verdicts: [],
    podRecords: [],
    mtlsPlaces: [],
    addressClaims: [],
    keySources: [],
  });
  await clock.pass(20_000);

  expect(written).toHaveLength(1);
  expect(board.statuses.get().size).toBe(0);
});

test('stopped, it leaves no timer', async () => {
  const { board, clock, made } = await start();
  board.translation.set({
    ir: sampleMesh({}),
    verdicts: [accepted],
    podRecords: [],
    mtlsPlaces: [],
    addressClaims: [],
    keySources: [],
  });
  made.leaderCallbacks.onStartedLeading();
  await clock.pass(100);

  await made.component.stop();

  expect(clock.pending).toBe(0);
});
