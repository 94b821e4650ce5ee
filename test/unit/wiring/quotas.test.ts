// Sidecars report over the service, are believed if their certificate is that of the workload, and are told when a window ends.
import { EventEmitter } from 'node:events';
import { status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { decode, encodeMessage } from '../../../operator/envoy/proto/registry.ts';
import { readSettings } from '../../../operator/process/settings.ts';
import { createBoard } from '../../../operator/wiring/board.ts';
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
  readonly metadata = new Map([['x-meshwright-node-id', ['ExternalWorkload~shop~server~']]]);
  readonly written: unknown[] = [];
  readonly writableLength = 0;
  failure: unknown = null;
  readonly #account: string;

  constructor(account: string) {
    super();
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

function start(): { readonly clock: FakeClock; readonly callAs: (account: string) => Call } {
  const board = createBoard();
  const clock = new FakeClock();
  createQuotas(board, { settings, clock, log: rememberingLog().log });
  const server = sampleWorkload('server', { inbound: [sampleInbound(9080, 9081, { limits })] });
  board.identities.set(new Map([[server.key, server]]));
  board.translation.set({ ...board.translation.get(), ir: sampleMesh({ workloads: [server] }) });
  const callAs = (account: string): Call => {
    const call = new Call(account);
    const answer = board.quotaServices.get()[0]?.implementation['StreamRateLimitQuotas'] as unknown as (
      it: Call,
    ) => void;
    answer(call);
    return call;
  };
  return { clock, callAs };
}

function report(allowed: number): Buffer {
  const bucket = { quota: 'shop/reviews/all@shop/reviews', key: '*' };
  const usage = { bucket_id: { bucket }, time_elapsed: { seconds: 5 }, num_requests_allowed: allowed };
  const message = { domain: 'meshwright', bucket_quota_usages: [usage] };
  return Buffer.from(encodeMessage(`${service}.RateLimitQuotaUsageReports`, message));
}

test('a sidecar that reports gets what is left, and all of it when the next window begins', async () => {
  const { clock, callAs } = start();
  const call = callAs('server');

  call.emit('data', report(4));
  clock.advance(periodMs);

  expect(call.written).toMatchObject([
    [{}, { quota_assignment_action: { rate_limit_strategy: { token_bucket: { max_tokens: 6 } } } }],
    [{}, { quota_assignment_action: { rate_limit_strategy: { token_bucket: { max_tokens: 10 } } } }],
  ]);
});

test('nobody reports for another workload', () => {
  const call = start().callAs('somebody');

  call.emit('data', report(4));

  expect(call).toMatchObject({ written: [], failure: { code: status.PERMISSION_DENIED } });
});

test('bytes that are no report end the stream', () => {
  const call = start().callAs('server');

  call.emit('data', Buffer.from('no report'));

  expect(call).toMatchObject({ written: [], failure: { code: status.INVALID_ARGUMENT } });
});
