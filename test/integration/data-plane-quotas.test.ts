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
      headers: { 'x-ratelimit-limit': '100, 100;w=86400', 'x-ratelimit-remaining': '0' },
    });
  });
});
