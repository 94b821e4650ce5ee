// A sidecar keeps so many counters at once and no more: those that stand still are given up, so that all callers are counted in time.
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Metric } from '../../operator/telemetry/point.ts';
import { telemetryService } from '../../operator/telemetry/service.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { ServedMesh } from '../support/data-plane/served-mesh.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { sampleInbound, sampleMesh, sampleWorkload } from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

let mesh: ServedMesh;
let port = 0;
let reports = 0;
/** By metric and caller. */
const counted = new Map<Metric, Map<string, number>>();

beforeAll(async () => {
  const application = await startApplication('any', closing);
  port = await freePort();
  const service = telemetryService({
    reporterOf: (_call, nodeId) =>
      nodeId === 'ExternalWorkload~shop~server~'
        ? { workload: 'server' }
        : { workload: null, code: status.PERMISSION_DENIED, reason: 'another' },
    allow: () => true,
    reported: (_workload, { points }) => {
      reports += 1;
      for (const { metric, tags, count } of points) {
        const callers = counted.get(metric) ?? new Map<string, number>();
        counted.set(metric, callers.set(tags.source, (callers.get(tags.source) ?? 0) + count));
      }
    },
    refused: () => undefined,
  });
  const ir = sampleMesh({
    workloads: [sampleWorkload('server', { inbound: [sampleInbound(port, application)] })],
  });
  // As in production, except for the moment: a sidecar reports when it is looked at, and sweeps each other time (the interval is two of Envoy's
  // usual ones). What is counted in the moment of a sweep may be lost (decision 59): there is none while somebody calls.
  const bootstrap = {
    stats_flush_interval: null,
    stats_flush_on_admin: true,
    stats_eviction_interval: '10s',
  };
  mesh = await ServedMesh.start(ir, closing, [], undefined, { services: [service], bootstrap });
});

/** Of this network namespace. */
function addresses(from: number, until: number): readonly string[] {
  return Array.from({ length: until - from }, (_, at) => `127.1.${(from + at) >> 8}.${(from + at) & 255}`);
}

async function callFrom(callers: readonly string[]): Promise<void> {
  const left = [...callers];
  const next = async (): Promise<void> => {
    const from = left.pop();
    if (from === undefined) return;
    await call(port, { from });
    await next();
  };
  await Promise.all([next(), next(), next(), next()]);
}

/** Looks; resolves to how many counters there were when the report, and the sweep if there is one, are over. */
async function ownCounters(): Promise<number> {
  const sidecar = mesh.sidecar('server');
  const before = reports;
  const { size } = await sidecar.stats('^meshwright\\.inbound');
  await sidecar.waitFor(() => reports > before);
  return size;
}

test('1,200 callers, each from its own address, and those that come back: each request and its duration once', async () => {
  const waves = Array.from({ length: 6 }, (_, at) => addresses(at * 200, (at + 1) * 200));
  const back = addresses(0, 50);
  for (const wave of [...waves, back]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other: more at once than there is room for are not counted
    await callFrom(wave);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await mesh.sidecar('server').waitFor(async () => (await ownCounters()) === 0);
  }

  const expected = [...addresses(0, 1_200)].map((from, at) => [from, at < 50 ? 2 : 1] as const);
  for (const metric of ['inbound.requests', 'inbound.duration'] as const)
    expect(counted.get(metric)).toEqual(new Map(expected));
});
