// Quotas: what the servers of a Service admit together, as real Envoys report it and are assigned their shares.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LimitsIr, QuotaIr } from '../../operator/ir/inbound.ts';
import type { MeshIr } from '../../operator/ir/mesh-ir.ts';
import { createLog } from '../../operator/process/log.ts';
import { systemClock } from '../../operator/process/clock.ts';
import { readSettings } from '../../operator/process/settings.ts';
import { createBoard } from '../../operator/wiring/board.ts';
import { createQuotas } from '../../operator/wiring/quotas.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { type Answer, call, type Call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { ServedMesh } from '../support/data-plane/served-mesh.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleService,
  sampleWorkload,
  spiffeId,
} from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

const board = createBoard();
let mesh: ServedMesh;
let application = 0;
let ports: { readonly page: number; readonly other: number; readonly servers: readonly number[] };

beforeAll(async () => {
  const settings = readSettings(['--platform', 'files', '--files', 'f', '--state', 's'], {});
  const { component } = createQuotas(board, { settings, clock: systemClock, log: createLog('silent') });
  closing.add(() => component.stop());
  application = await startApplication('reviews', closing);
  ports = { page: await freePort(), other: await freePort(), servers: [await freePort(), await freePort()] };
  const ir = meshWith([]);
  board.identities.set(new Map(ir.workloads.map((it) => [it.key, it])));
  mesh = await ServedMesh.start(ir, closing, [], undefined, { services: board.quotaServices.get() });
});

function meshWith(quotas: readonly QuotaIr[]): MeshIr {
  const service = sampleService('shop/reviews/80', {
    peerIdentities: [spiffeId('first'), spiffeId('second')],
    endpoints: ports.servers.map((port) => sampleEndpoint(port, { mtls: true })),
  });
  const caller = (name: 'page' | 'other'): MeshIr['workloads'][number] =>
    sampleWorkload(name, {
      bindings: [{ address: '127.0.0.1', port: ports[name], service: service.key, protocol: 'HTTP' }],
    });
  const limits: LimitsIr | null =
    quotas.length === 0
      ? null
      : {
          rates: [],
          quotas,
          adaptiveConcurrency: null,
          admissionControl: null,
          callerHeaders: [],
          setBy: {},
          origins: [{ kind: 'TrafficPolicy', namespace: 'shop', name: 'reviews', generation: 1 }],
        };
  const servers = ['first', 'second'].map((name, index) =>
    sampleWorkload(name, { inbound: [sampleInbound(ports.servers[index] ?? 0, application, { limits })] }),
  );
  return sampleMesh({ services: [service], workloads: [caller('page'), caller('other'), ...servers] });
}

let made = 0;
/** Of its own name: what others have used is nothing to it. */
function quota(parts: Partial<QuotaIr> = {}): QuotaIr {
  made += 1;
  return {
    id: `shop/reviews/quota-${made}`,
    service: 'shop/reviews',
    match: { path: null, method: null, headers: [] },
    per: 'All',
    requests: 100,
    // Today.
    periodMs: 86_400_000,
    window: 'Fixed',
    burst: null,
    isEnforced: true,
    whenUnavailable: 'Share',
    ...parts,
  };
}

async function programmed(...quotas: readonly QuotaIr[]): Promise<void> {
  const ir = meshWith(quotas);
  board.translation.set({ ...board.translation.get(), ir });
  await mesh.program(ir);
}

async function calls(from: 'page' | 'other', count: number, one: Call = {}): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  while (answers.length < count) {
    // oxlint-disable-next-line no-await-in-loop -- ten at a time
    answers.push(...(await Promise.all(Array.from({ length: 10 }, () => call(ports[from], one)))));
  }
  return answers;
}

function admitted(answers: readonly Answer[]): number {
  return answers.filter(({ status }) => status === 200).length;
}

describe('a quota', () => {
  test('holds for all servers of a Service together, for each caller by its certificate', async () => {
    await programmed(quota({ per: 'Caller' }));

    const [page, other] = await Promise.all([calls('page', 300), calls('other', 300)]);

    // What comes before a server has a share is admitted, and counts.
    for (const answers of [page, other]) {
      expect(admitted(answers)).toBeGreaterThanOrEqual(95);
      expect(admitted(answers)).toBeLessThanOrEqual(130);
    }
    expect(page.at(-1)).toMatchObject({
      status: 429,
      headers: {
        'x-ratelimit-limit': '100, 100;w=86400',
        'x-ratelimit-remaining': '0',
        // Until midnight UTC.
        'retry-after': expect.stringMatching(/^\d{1,5}$/),
        'x-ratelimit-reset': expect.stringMatching(/^\d{1,5}$/),
        'x-meshwright-refused': expect.stringMatching(/^quota\/quota-\d+$/),
      },
    });
  });

  test('refuses calls of gRPC with RESOURCE_EXHAUSTED, and no others', async () => {
    const match = { path: null, method: 'POST', headers: [] } as const;
    await programmed(quota({ requests: 1, match }));
    const grpc: Call = { method: 'POST', headers: { 'content-type': 'application/grpc' } };

    const answers = await calls('page', 60, grpc);

    expect(answers.at(-1)).toMatchObject({ status: 200, headers: { 'grpc-status': '8' } });
    expect(admitted(await calls('page', 10))).toBe(10);
  });

  test('more keys than are told apart share one bucket', async () => {
    await programmed(quota({ requests: 1, per: { header: 'x-user' } }));
    const users = Array.from({ length: 2_400 }, (_, index) => `user-${index}`);
    const statuses: number[] = [];
    while (statuses.length < users.length) {
      const some = users.slice(statuses.length, statuses.length + 20);
      const answers = some.map((user) => call(ports.page, { headers: { 'x-user': user } }));
      // oxlint-disable-next-line no-await-in-loop -- twenty at a time
      for (const { status } of await Promise.all(answers)) statuses.push(status);
    }

    expect(statuses.slice(0, 500)).not.toContain(429);
    expect(statuses.slice(-100)).toEqual(Array.from({ length: 100 }, () => 429));
  });
});
