// An application is down and its sidecar is up: what can be repeated is, and what cannot, such as a large upload, goes to another endpoint
// the first time.
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RetryIr } from '../../operator/ir/route.ts';
import { type Handler, startApplication } from '../support/data-plane/applications.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { type Sidecar, startSidecars } from '../support/data-plane/sidecars.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  noRetry,
  sampleDestination,
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleRoute,
  sampleService,
  sampleWorkload,
  spiffeId,
  unreachableOnly,
} from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

const mebibyte = 1024 * 1024;
/** Of every route that no policy is about. */
const standard: RetryIr = { ...noRetry, attempts: 2, on: ['ConnectFailure', 'RefusedStream'] };

const remembering = { ...unreachableOnly, baseEjectionTimeMs: 300_000 };

/** Service → where it is reached through sidecars. */
const at: Record<string, number> = {};
let caller: Sidecar;

const counts: Handler = (seen, response) => void response.end(`${seen.body.length}`);
const fails: Handler = (_seen, response) => void response.writeHead(500).end('0');

beforeAll(async () => {
  const ports = {
    counts: await startApplication('counts', closing, counts),
    fails: await startApplication('fails', closing, fails),
    // Nobody listens there.
    gone: await freePort(),
  };
  const inbound = {
    counts: sampleInbound(await freePort(), ports.counts, { mtls: 'Strict' }),
    fails: sampleInbound(await freePort(), ports.fails, { mtls: 'Strict' }),
    gone: sampleInbound(await freePort(), ports.gone, { mtls: 'Strict' }),
  };
  const endpointsOf: Readonly<Record<string, readonly (keyof typeof inbound)[]>> = {
    'half-gone': ['counts', 'gone'],
    remembered: ['counts', 'gone'],
    'half-failing': ['counts', 'fails'],
    'all-gone': ['gone'],
  };
  const services = Object.entries(endpointsOf).map(([name, applications]) =>
    sampleService(`shop/${name}/80`, {
      peerIdentities: [spiffeId('server')],
      endpoints: applications.map((application) => sampleEndpoint(inbound[application].port, { mtls: true })),
      routes: [sampleRoute('default', { retry: standard })],
      // Whatever time uploads take.
      ...(name === 'remembered' && { destination: sampleDestination({ outlierDetection: remembering }) }),
    }),
  );
  const bindings = await Promise.all(
    services.map(async ({ key, service }) => {
      at[service] = await freePort();
      return { address: '127.0.0.1', port: at[service], service: key, protocol: 'HTTP' as const };
    }),
  );
  const workloads = [
    sampleWorkload('caller', { bindings }),
    sampleWorkload('server', { inbound: Object.values(inbound) }),
  ];
  const sidecars = await startSidecars(sampleMesh({ services, workloads }), closing);
  caller = sidecars.get('caller') as Sidecar;
});

/** The status; null if the connection broke instead. */
async function upload(service: string, bytes: number): Promise<number | null> {
  return new Promise((resolve) => {
    const headers = { 'content-length': String(bytes) };
    const sent = request({ port: at[service] ?? 0, method: 'POST', agent: false, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? null);
    });
    sent.on('error', () => {
      resolve(null);
    });
    sent.end(Buffer.alloc(bytes, 'x'));
  });
}

/** One after the other: status → how often. */
async function uploads(
  service: string,
  bytes: number,
  count: number,
): Promise<ReadonlyMap<number | null, number>> {
  const statuses = new Map<number | null, number>();
  for (let done = 0; done < count; done += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each sees what became of the one before
    const status = await upload(service, bytes);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  return statuses;
}

describe('while one of two applications is down', () => {
  test.each([1, 1.5, 3])('no upload of %d MiB fails', async (size) => {
    expect(await uploads('half-gone', size * mebibyte, 20)).toEqual(new Map([[200, 20]]));
  });

  test('of uploads that are too large to be repeated only those fail that find out', async () => {
    const size = 24 * mebibyte;
    const leftOut = 'cluster.shop/remembered/80.outlier_detection.ejections_active';
    const before: (number | null)[] = [];
    // Each goes to either of them. Envoy leaves one out a moment after the answer that is the reason: meanwhile others may find out, too.
    // oxlint-disable no-await-in-loop -- until one has found out
    while (before.length < 60 && (await caller.stat(leftOut)) === 0)
      before.push(await upload('remembered', size));
    // oxlint-enable no-await-in-loop

    expect(await caller.stat(leftOut)).toBe(1);
    expect(before.filter((status) => status !== 200).length).toBeLessThanOrEqual(6);
    expect(await uploads('remembered', size, 20)).toEqual(new Map([[200, 20]]));
  });
});

test('an application that answers 500 goes on getting its share', async () => {
  const statuses = await uploads('half-failing', 1, 80);

  // By chance ten or fewer are half of them once in 10^11 runs.
  expect(statuses.get(500)).toBeGreaterThan(10);
  expect(statuses.get(200)).toBeGreaterThan(10);
});

test('if all applications are down, all go on being asked: the answer comes from their sidecars', async () => {
  expect(await uploads('all-gone', 1, 5)).toEqual(new Map([[503, 5]]));
});
