// What the timeout of a route covers: everything from the first byte of a request to the last one of its response.
import { once } from 'node:events';
import { createServer } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { FaultIr } from '../../operator/ir/service.ts';
import { type Handler, startApplication } from '../support/data-plane/applications.ts';
import { call, converse } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { callHttp2 } from '../support/data-plane/http2-call.ts';
import { startSidecars } from '../support/data-plane/sidecars.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleRoute,
  sampleService,
  sampleWorkload,
  spiffeId,
} from '../support/mesh-samples.ts';

const timeoutMs = 400;
/** What the clock of a busy machine may be early, and how long nobody waits who is not waited for. */
const [earlyMs, muchLaterMs] = [30, 3_000];

const closing = new Closing();
afterAll(() => closing.close());

/** Application → where it is reached through sidecars. */
const at: Record<string, number> = {};

const delay: FaultIr = {
  delay: { durationMs: muchLaterMs + 2_000, percentage: 100 },
  abort: null,
  headers: [],
};

/** Begins at once and never ends. */
const dripping: Handler = (_seen, response) => {
  const timer = setInterval(() => response.write('drop'), 50);
  response.on('close', () => {
    clearInterval(timer);
  });
};

/** Answers neither a call nor a stream. */
async function startSilentHttp2(): Promise<number> {
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.add(async () => {
    for (const session of sessions) session.destroy();
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

/** Switches protocols, and says something much later than the timeout. */
async function startLateSpeaker(): Promise<number> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      setTimeout(() => socket.end('late'), 3 * timeoutMs);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.add(async () => {
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  const echo = await startApplication('echo', closing);
  const applications: Readonly<Record<string, readonly [port: number, fault: FaultIr | null]>> = {
    echo: [echo, null],
    delayed: [echo, delay],
    dripping: [await startApplication('dripping', closing, dripping), null],
    grpc: [await startSilentHttp2(), null],
    socket: [await startLateSpeaker(), null],
  };
  const entries = await Promise.all(
    Object.entries(applications).map(async ([name, [port, fault]]) => {
      at[name] = await freePort();
      return { name, fault, inbound: sampleInbound(await freePort(), port, { mtls: 'Strict' }) };
    }),
  );
  const services = entries.map(({ name, fault, inbound }) =>
    sampleService(`shop/${name}/80`, {
      peerIdentities: [spiffeId('server')],
      endpoints: [sampleEndpoint(inbound.port, { mtls: true })],
      routes: [sampleRoute('timed', { timeoutMs, fault })],
    }),
  );
  const bindings = services.map(({ key, service }) => {
    return { address: '127.0.0.1', port: at[service] ?? 0, service: key, protocol: 'HTTP' as const };
  });
  const workloads = [
    sampleWorkload('caller', { bindings }),
    sampleWorkload('server', { inbound: entries.map(({ inbound }) => inbound) }),
  ];
  await startSidecars(sampleMesh({ services, workloads }), closing);
}, 60_000);

/** How long it took, in milliseconds, and what came of it. */
async function timed<T>(what: Promise<T>): Promise<readonly [ms: number, outcome: T]> {
  const before = performance.now();
  const outcome = await what;
  return [performance.now() - before, outcome];
}

function expectAfterTimeout(ms: number): void {
  expect(ms).toBeGreaterThan(timeoutMs - earlyMs);
  expect(ms).toBeLessThan(muchLaterMs);
}

test('a delay that a route injects is part of it', async () => {
  const [ms, { status }] = await timed(call(at['delayed'] ?? 0));

  expect(status).toBe(504);
  expectAfterTimeout(ms);
});

test('an upload that stalls is ended, and told', async () => {
  const [ms, answer] = await timed(
    converse(at['echo'] ?? 0, 'POST / HTTP/1.1\r\nHost: svc\r\nContent-Length: 10\r\n\r\nhello'),
  );

  expect(answer).toMatch(/^HTTP\/1.1 408 /);
  expectAfterTimeout(ms);
});

test('a response that goes on and on is ended', async () => {
  const [ms, answer] = await timed(converse(at['dripping'] ?? 0, 'GET / HTTP/1.1\r\nHost: svc\r\n\r\n'));

  expect(answer).toMatch(/^HTTP\/1.1 200 OK.*drop/s);
  expectAfterTimeout(ms);
});

test.each([
  { it: 'a gRPC call without an answer', stalls: false },
  { it: 'a stream of a gRPC client that stalls', stalls: true },
])('$it gets DEADLINE_EXCEEDED', async ({ stalls }) => {
  const headers = { ':path': '/shop.Reviews/Get', 'content-type': 'application/grpc', te: 'trailers' };
  const [ms, { fields }] = await timed(callHttp2(at['grpc'] ?? 0, { headers, body: '\0\0\0\0\0', stalls }));

  expect(fields).toMatchObject({ ':status': 200, 'grpc-status': '4' });
  expectAfterTimeout(ms);
});

test('a WebSocket goes on', async () => {
  const heard = await converse(
    at['socket'] ?? 0,
    'GET / HTTP/1.1\r\nHost: svc\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  );

  expect(heard).toMatch(/^HTTP\/1.1 101 .*late$/s);
});
