// Sidecars report over the service, are believed if their certificate is that of the workload, and are told when a window ends.
import { EventEmitter } from 'node:events';
import { status } from '@grpc/grpc-js';
import { afterEach, expect, test } from '@jest/globals';
import type { EnvoyMessage } from '../../../operator/envoy/proto/envoy-message.ts';
import { decode, encodeMessage } from '../../../operator/envoy/proto/registry.ts';
import type { LimitsIr } from '../../../operator/ir/inbound.ts';
import { createMetrics, type Metrics } from '../../../operator/process/metrics.ts';
import { readSettings } from '../../../operator/process/settings.ts';
import { type Board, createBoard } from '../../../operator/wiring/board.ts';
import { createQuotas } from '../../../operator/wiring/quotas.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { sampleInbound, sampleMesh, sampleWorkload, spiffeId } from '../../support/mesh-samples.ts';
import { rememberingLog } from '../../support/remembering-log.ts';

const service = 'envoy.service.rate_limit_quota.v3';
const settings = readSettings(['--platform', 'files', '--files', 'f', '--state', 's'], {});
const periodMs = 3_600_000;
const quota = {
  id: 'shop/reviews/all',
  service: 'shop/reviews',
  match: { path: null, method: null, headers: [] },
  per: 'All',
  cost: null,
  requests: 10,
  periodMs,
  window: 'Fixed',
  burst: null,
  isEnforced: true,
  whenUnavailable: 'Share',
} as const;
const limits = {
  rates: [],
  quotas: [quota],
  adaptiveConcurrency: null,
  admissionControl: null,
  callerHeaders: [],
  setBy: {},
  origins: [],
};

class Call extends EventEmitter {
  readonly metadata: ReadonlyMap<string, readonly string[]>;
  readonly written: unknown[] = [];
  failure: unknown = null;
  readonly #account: string;

  constructor(account: string) {
    super();
    const name = account === 'second' || account === 'stranger' ? account : 'server';
    this.metadata = new Map([['x-meshwright-node-id', [`ExternalWorkload~shop~${name}~`]]]);
    this.#account = account;
    this.on('error', (error) => {
      this.failure = error;
    });
  }

  getPeer = (): string => '127.0.0.1:1';
  getAuthContext = (): object => ({
    sslPeerCertificate: { subjectaltname: `URI:${spiffeId(this.#account)}` },
  });
  write = (bytes: Buffer): void => {
    this.written.push(decode(`${service}.RateLimitQuotaResponse`, bytes)['bucket_action']);
  };
  end = (): void => undefined;
}

const opened: Metrics[] = [];
afterEach(() => opened.splice(0).forEach((it) => it.close()));

interface Replica {
  readonly clock: FakeClock;
  readonly board: Board;
  readonly metrics: Metrics;
  readonly lines: ReturnType<typeof rememberingLog>['lines'];
  readonly callAs: (account: string) => Call;
  readonly lead: () => void;
  readonly step: () => Promise<void>;
}

function replica(quotas: LimitsIr['quotas'] = [quota], clock = new FakeClock()): Replica {
  const board = createBoard();
  const metrics = createMetrics();
  opened.push(metrics);
  const { log, lines } = rememberingLog();
  const { leaderCallbacks } = createQuotas(board, { settings, clock, metrics, log });
  const servers = ['server', 'second'].map((name) =>
    sampleWorkload(name, { inbound: [sampleInbound(9080, 9081, { limits: { ...limits, quotas } })] }),
  );
  const workloads = [...servers, sampleWorkload('stranger')];
  board.identities.set(new Map(workloads.map((it) => [it.key, it])));
  board.translation.set({ ...board.translation.get(), ir: sampleMesh({ workloads }) });
  const callAs = (account: string): Call => {
    const call = new Call(account);
    const answer = board.quotaServices.get()[0]?.implementation['StreamRateLimitQuotas'] as unknown as (
      it: Call,
    ) => void;
    answer(call);
    return call;
  };
  return {
    clock,
    board,
    metrics,
    lines,
    callAs,
    lead: () => leaderCallbacks.onStartedLeading(),
    step: () => leaderCallbacks.onStoppedLeading(),
  };
}

function start(quotas?: LimitsIr['quotas']): Replica {
  const it = replica(quotas);
  it.lead();
  return it;
}

/** As if each were connected to the other. */
function linked(): readonly [Replica, Replica] {
  const clock = new FakeClock();
  const [a, b] = [replica([quota], clock), replica([quota], clock)];
  a.board.quotasOut.subscribe(() => b.board.quotasIn.set(a.board.quotasOut.get()));
  b.board.quotasOut.subscribe(() => a.board.quotasIn.set(b.board.quotasOut.get()));
  return [a, b];
}

/** What a sidecar was assigned last. */
function tokensOf({ written }: Call): number {
  const last = (written.at(-1) as EnvoyMessage[] | undefined)?.at(-1)?.['quota_assignment_action'];
  const strategy = (last as EnvoyMessage | undefined)?.['rate_limit_strategy'] as EnvoyMessage | undefined;
  return Number((strategy?.['token_bucket'] as EnvoyMessage | undefined)?.['max_tokens'] ?? 0);
}

function report(allowed: number): Buffer {
  const bucket = { quota: 'shop/reviews/all@shop/reviews', key: '*' };
  const usage = { bucket_id: { bucket }, time_elapsed: { seconds: 5 }, num_requests_allowed: allowed };
  const message = { domain: 'meshwright', bucket_quota_usages: [usage] };
  return Buffer.from(encodeMessage(`${service}.RateLimitQuotaUsageReports`, message));
}

test('a sidecar that reports gets its share of what is left, and of the next window when it begins', () => {
  const { clock, callAs } = start();
  const call = callAs('server');

  clock.advance(periodMs - 1_000);
  call.emit('data', report(4));
  clock.advance(1_000);

  expect(call.written).toMatchObject([
    [{}, { quota_assignment_action: { rate_limit_strategy: { token_bucket: { max_tokens: 3 } } } }],
    [{}, { quota_assignment_action: { rate_limit_strategy: { token_bucket: { max_tokens: 5 } } } }],
  ]);
});

test('nobody reports for another workload', () => {
  const call = start().callAs('somebody');

  call.emit('data', report(4));

  expect(call).toMatchObject({ written: [], failure: { code: status.PERMISSION_DENIED } });
});

test('of a quota that its own workload does not have nobody reports, which is said once', async () => {
  const { callAs, metrics, lines } = start();
  const [stranger, server] = [callAs('stranger'), callAs('server')];

  for (const allowed of [10, 20]) stranger.emit('data', report(allowed));
  server.emit('data', report(0));

  expect(stranger).toMatchObject({ written: [], failure: null });
  expect(tokensOf(server)).toBe(5);
  expect(lines.filter(({ level }) => level === 'warn')).toMatchObject([
    { fields: { quota: 'shop/reviews/all@shop/reviews', sidecar: 'ExternalWorkload/shop/stranger' } },
  ]);
  const of = 'namespace="shop",policy="reviews",quota="all"';
  expect(await metrics.render()).toContain(`meshwright_quota_reports_dropped_total{${of}} 2`);
});

test('bytes that are no report end the stream', () => {
  const call = start().callAs('server');

  call.emit('data', Buffer.from('no report'));
  // What was on its way.
  call.emit('data', report(4));

  expect(call).toMatchObject({ written: [], failure: { code: status.INVALID_ARGUMENT } });
});

test('sidecars of two replicas share one quota, which the leader divides', () => {
  const [a, b] = linked();
  a.lead();
  const [first, second] = [a.callAs('server'), b.callAs('second')];

  first.emit('data', report(1));
  second.emit('data', report(1));

  // Two of ten are used.
  expect([tokensOf(first), tokensOf(second)]).toEqual([5, 3]);
  second.emit('data', report(3));
  first.emit('data', report(5));
  second.emit('data', report(0));
  expect([tokensOf(first), tokensOf(second)]).toEqual([0, 0]);
});

test('a sidecar of another replica is told of the next window there', () => {
  const [a, b] = linked();
  a.lead();
  const call = b.callAs('second');
  a.clock.advance(periodMs - 1_000);
  call.emit('data', report(10));
  expect(tokensOf(call)).toBe(0);

  a.clock.advance(1_000);

  expect(tokensOf(call)).toBeGreaterThan(0);
});

test('a sidecar that has moved to another replica is told there, with what it used before', () => {
  const [a, b] = linked();
  a.lead();
  const before = a.callAs('server');
  before.emit('data', report(6));
  const after = b.callAs('server');

  after.emit('data', report(4));

  expect(before.written).toHaveLength(1);
  expect(after.written).toHaveLength(1);
  expect(tokensOf(after)).toBe(0);
});

test('a sidecar that begins anew gets no more than its share, though nothing has changed', () => {
  const { callAs } = start();
  callAs('server').emit('data', report(0));
  const restarted = callAs('server');

  restarted.emit('data', report(0));

  // A bucket that takes the place of a refusal is full; without the refusal one that is there keeps its level.
  expect(restarted.written).toMatchObject([
    [
      { quota_assignment_action: { rate_limit_strategy: { blanket_rule: 'DENY_ALL' } } },
      { quota_assignment_action: { rate_limit_strategy: { token_bucket: { max_tokens: 5 } } } },
    ],
  ]);
});

test('a new leader begins anew with what is reported to it, and the former one passes reports on', async () => {
  const [a, b] = linked();
  a.lead();
  const [first, second] = [a.callAs('server'), b.callAs('second')];
  first.emit('data', report(10));
  expect(tokensOf(first)).toBe(0);

  await a.step();
  b.lead();
  first.emit('data', report(0));
  second.emit('data', report(4));

  expect(tokensOf(first)).toBe(5);
  expect(tokensOf(second)).toBe(1);
});

test('while nobody leads a sidecar hears nothing, and keeps what it has', () => {
  const call = replica().callAs('server');

  call.emit('data', report(4));

  expect(call).toMatchObject({ written: [], failure: null });
});

test('what is no report of a sidecar of another replica changes nothing', () => {
  const { board, callAs } = start();

  board.quotasIn.set({ type: 'report', sidecar: 'ExternalWorkload/shop/second', bytes: Buffer.from('no') });

  const call = callAs('server');
  call.emit('data', report(0));
  expect(tokensOf(call)).toBe(5);
});

test('who uses how much is told every half minute, without secrets that tell requests apart', async () => {
  const per = { header: 'x-api-key' } as const;
  const { board, callAs, clock, step } = start([
    { ...quota, per, cost: { header: 'x-cost', default: 1, maximum: 5 } },
    { ...quota, id: 'shop/reviews/short', periodMs: 5_000 },
  ]);
  callAs('server').emit('data', report(8));
  clock.advance(29_000);
  expect(board.quotaReports.get()).toEqual([]);

  clock.advance(1_000);

  const counts = { admitted: 8, refused: 0 };
  expect(board.quotaReports.get()).toEqual([
    {
      policy: 'shop/reviews',
      quota: 'all',
      service: 'shop/reviews',
      costHeader: 'x-cost',
      sinceMs: 0,
      ...counts,
      keys: 1,
      users: [{ key: expect.stringMatching(/^sha256:[0-9a-f]{12}$/), ...counts }],
    },
  ]);
  await step();
  expect(board.quotaReports.get()).toEqual([]);
});

test('the leader counts what is admitted, what beyond the quota, and what is refused', async () => {
  const { callAs, metrics } = start([{ ...quota, isEnforced: false }]);
  const call = callAs('server');

  call.emit('data', report(8));
  call.emit('data', report(7));

  const of = 'namespace="shop",policy="reviews",quota="all"';
  const text = await metrics.render();
  expect(text).toContain(`meshwright_quota_requests_total{${of},result="admitted"} 10`);
  expect(text).toContain(`meshwright_quota_requests_total{${of},result="over"} 5`);
});
