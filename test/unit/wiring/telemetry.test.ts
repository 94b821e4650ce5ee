// Reports come in by the service, are believed of the workload that the certificate proves, and can be read on the board.
import { EventEmitter } from 'node:events';
import { status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { createMetrics } from '../../../operator/process/metrics.ts';
import { readSettings } from '../../../operator/process/settings.ts';
import type { RefusalLabels } from '../../../operator/telemetry/refusal-series.ts';
import { createBoard } from '../../../operator/wiring/board.ts';
import { createTelemetry } from '../../../operator/wiring/telemetry.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { sampleInbound, sampleMesh, sampleWorkload, spiffeId } from '../../support/mesh-samples.ts';
import { rememberingLog } from '../../support/remembering-log.ts';
import { otlpReport } from '../../support/telemetry/otlp.ts';

const workload = 'ExternalWorkload/shop/server';
const settings = readSettings(['--platform', 'files', '--files', 'f', '--state', 's'], {});
const requests = otlpReport([
  { name: 'meshwright.inbound.requests', tags: { source: '10.0.0.1', port: '80' }, count: 2 },
]);

function start(): {
  readonly board: ReturnType<typeof createBoard>;
  readonly made: ReturnType<typeof createTelemetry>;
  readonly clock: FakeClock;
  readonly refused: readonly RefusalLabels[];
  /** What a report with that certificate is answered. */
  readonly send: (account: string, bytes?: Buffer) => status;
} {
  const board = createBoard();
  const clock = new FakeClock();
  const metrics = createMetrics();
  const refused: RefusalLabels[] = [];
  const made = createTelemetry(board, {
    settings,
    clock,
    metrics: { ...metrics, ruleRefused: (labels) => void refused.push(labels as RefusalLabels) },
    log: rememberingLog().log,
  });
  metrics.close();
  board.identities.set(new Map([[workload, sampleWorkload('server')]]));
  const send = (account: string, bytes = requests): status => {
    const call = Object.assign(new EventEmitter(), {
      metadata: new Map([['x-meshwright-node-id', ['ExternalWorkload~shop~server~']]]),
      getPeer: () => '127.0.0.1:1',
      getAuthContext: () => ({ sslPeerCertificate: { subjectaltname: `URI:${spiffeId(account)}` } }),
    });
    let code = status.OK;
    const [service] = board.telemetryServices.get();
    const answer = service?.implementation['Export'] as unknown as (
      it: typeof call,
      done: (error: { readonly code: status } | null) => void,
    ) => void;
    answer(call, (error) => {
      code = error?.code ?? status.OK;
    });
    call.emit('data', bytes);
    call.emit('end');
    return code;
  };
  return { board, made, clock, send, refused };
}

test('a report counts for the workload of its certificate', () => {
  const { board, send } = start();
  let changes = 0;
  board.observations.subscribe(() => (changes += 1));

  expect(send('caller')).toBe(status.PERMISSION_DENIED);
  expect(board.observations.get().lastReportMs(workload)).toBeNull();
  expect(send('server')).toBe(status.OK);
  expect(board.observations.get().plaintextCallers(workload, 80)).toMatchObject([{ count: 2 }]);
  expect(changes).toBe(1);
});

test('who reports without end is told to wait, and may go on later', async () => {
  const { send, clock } = start();
  const answers = Array.from({ length: 40 }, () => send('server', Buffer.alloc(0)));

  expect(new Set(answers.slice(0, 20))).toEqual(new Set([status.OK]));
  expect(new Set(answers.slice(20))).toEqual(new Set([status.RESOURCE_EXHAUSTED]));
  await clock.pass(1_000);
  expect(send('server')).toBe(status.OK);
});

test('a new leader says from when on it counts', async () => {
  const { board, made, clock, send } = start();
  send('server');
  const before = board.observations.get().sinceMs();
  await clock.pass(30_000);
  made.leaderCallbacks.onStartedLeading();

  expect(board.observations.get().sinceMs()).toBe(before + 30_000);
  expect(board.observations.get().plaintextCallers(workload, 80)).toEqual([]);
});

test('a refusal counts by name for a rule that the workload has', () => {
  const { board, send, refused } = start();
  const deny = [{ id: 'shop/server/own', callers: 'anyone', unidentified: true, requests: 'any' } as const];
  const inbound = sampleInbound(80, 8080, { authorization: { deny, allow: 'all' } });
  const ir = sampleMesh({ workloads: [sampleWorkload('server', { inbound: [inbound] })] });
  board.translation.set({ ...board.translation.get(), ir });
  const tags = { source: '10.0.0.1', port: '80' };
  const report = ['shop/server/own', 'bank/vault/forged', ''].map((rule) => {
    return { name: 'meshwright.inbound.refusals', tags: { ...tags, rule }, count: 1 };
  });

  expect(send('server', otlpReport(report))).toBe(status.OK);
  expect(refused.map(({ namespace, policy, rule }) => `${namespace}/${policy}/${rule}`)).toEqual([
    'shop/server/own',
    'other/other/other',
    '//',
  ]);
});
