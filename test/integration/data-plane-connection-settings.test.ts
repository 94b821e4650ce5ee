// How a caller's sidecar makes, keeps and ends its connections to endpoints, in a real Envoy.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ConnectionIr } from '../../operator/ir/destination.ts';
import { startApplication, startGreeter } from '../support/data-plane/applications.ts';
import { call } from '../support/data-plane/callers.ts';
import { CalledServices } from '../support/data-plane/called-services.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { startConversation } from '../support/data-plane/conversation.ts';
import { startFullBacklog } from '../support/data-plane/full-backlog.ts';
import { callHttp2 } from '../support/data-plane/http2-call.ts';
import { startHttp2Server } from '../support/data-plane/http2-server.ts';
import {
  sampleDestination,
  sampleEndpoint,
  type ServiceParts,
  usualConnection,
} from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

const connectTimeoutMs = 300;
let services: CalledServices;
let greeter = 0;
let streams: (() => void)[] = [];

function connected(connection: Partial<ConnectionIr>, port: number, parts: ServiceParts = {}): ServiceParts {
  return {
    endpoints: [sampleEndpoint(port)],
    destination: sampleDestination({ connection: { ...usualConnection, ...connection } }),
    ...parts,
  };
}

/** Answers when it is told to. */
async function startHttp2(): Promise<number> {
  return startHttp2Server(closing, (stream) => {
    streams.push(() => {
      stream.respond({ ':status': 200 }, { endStream: true });
    });
  });
}

beforeAll(async () => {
  const port = await startApplication('echo', closing);
  const http2 = await startHttp2();
  greeter = await startGreeter('hello', closing);
  services = await CalledServices.start(
    {
      usual: connected({}, port),
      few: connected({ maxRequests: 1 }, port),
      aging: connected({ maxAgeMs: 300 }, port),
      idle: connected({ idleTimeoutMs: 300 }, port),
      streams: connected({}, http2),
      stream: connected({ maxConcurrentStreams: 1 }, http2),
      deaf: connected({ connectTimeoutMs }, await startFullBacklog(closing)),
      alive: connected({ tcpKeepalive: { timeMs: 7_000, intervalMs: 1_000, probes: 2 } }, greeter, {
        protocol: 'TCP',
        routes: [],
      }),
    },
    closing,
  );
});

async function counter(service: string, name: string): Promise<number> {
  const full = `cluster.shop/${service}/80.${name}`;
  return (await services.sidecar.stats(full)).get(full) ?? 0;
}

async function callTwice(service: string): Promise<readonly number[]> {
  const first = await call(services.at(service));
  const second = await call(services.at(service));
  return [first.status, second.status];
}

test.each([
  ['usual', 1],
  ['few', 2],
])('%s: two requests one after the other take %d connections', async (service, connections) => {
  expect(await callTwice(service)).toEqual([200, 200]);
  expect(await counter(service, 'upstream_cx_total')).toBe(connections);
});

test.each([
  ['aging', 'upstream_cx_max_duration_reached'],
  ['idle', 'upstream_cx_idle_timeout'],
])('%s: the connection is closed after its time', async (service, name) => {
  const { status } = await call(services.at(service));
  const closed = await services.sidecar.waitFor(async () => (await counter(service, name)) > 0);

  expect({ status, closed }).toEqual({ status: 200, closed: true });
  expect((await call(services.at(service))).status).toBe(200);
});

test.each([
  ['streams', 1],
  ['stream', 2],
])('%s: two HTTP/2 requests at the same time take %d connections', async (service, connections) => {
  streams = [];
  const calls = [1, 2].map(() => callHttp2(services.at(service), { headers: { ':path': '/' } }));
  await services.sidecar.waitFor(() => streams.length === 2);
  const open = await counter(service, 'upstream_cx_active');
  for (const answer of streams) answer();
  const answers = await Promise.all(calls);

  expect(open).toBe(connections);
  expect(answers.map(({ fields }) => fields[':status'])).toEqual([200, 200]);
});

test('a connection that is not there in time is given up', async () => {
  const before = performance.now();
  const { status } = await call(services.at('deaf'));
  const took = performance.now() - before;

  expect(status).toBe(503);
  expect(await counter('deaf', 'upstream_cx_connect_timeout')).toBe(1);
  expect(took).toBeGreaterThan(connectTimeoutMs - 30);
  expect(took).toBeLessThan(4_500);
});

test('TCP keepalive is that of the kernel', async () => {
  const port = services.at('alive');
  await startConversation({ port, greeting: 'hello' }, closing);

  const timers = await keepaliveTimers(greeter);
  expect(timers.length).toBe(1);
  // In hundredths of a second until the first probe.
  expect(timers[0]).toBeLessThanOrEqual(700);
});

/** @see https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.txt */
async function keepaliveTimers(remotePort: number): Promise<readonly number[]> {
  const hex = remotePort.toString(16).toUpperCase().padStart(4, '0');
  const table = await readFile('/proc/net/tcp', 'utf8');
  return table.split('\n').flatMap((line) => {
    const [, , remote = '', state, , timer = ''] = line.trim().split(/\s+/);
    const [kind, when = ''] = timer.split(':');
    return remote.endsWith(`:${hex}`) && state === '01' && kind === '02' ? [Number.parseInt(when, 16)] : [];
  });
}
