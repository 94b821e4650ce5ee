// What the timeout of a route covers: everything from the first byte of a request to the last one of its response.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FaultIr, RouteIr } from '../../operator/ir/route.ts';
import { type Handler, startApplication } from '../support/data-plane/applications.ts';
import { call, converse } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { askToWait, startWaiter, type WaiterSight } from '../support/data-plane/grpc-waiter.ts';
import { callHttp2 } from '../support/data-plane/http2-call.ts';
import { startHttp2Server } from '../support/data-plane/http2-server.ts';
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
const [earlyMs, muchLaterMs] = [30, 20_000];
/** In which a call reaches its server, and an answer begins to come, however busy this machine is. */
const deadlineMs = 2_000;

const closing = new Closing();
afterAll(() => closing.close());

let seenByWaiter: WaiterSight;

/** Application → where it is reached through sidecars. */
const at: Record<string, number> = {};

const delay: FaultIr = {
  delay: { durationMs: muchLaterMs + 2_000, percentage: 100 },
  abort: null,
  bandwidth: null,
  headers: [],
};

/** Begins at once and never ends. */
const dripping: Handler = (_seen, response) => {
  const timer = setInterval(() => response.write('drop'), 50);
  response.on('close', () => {
    clearInterval(timer);
  });
};

/** Never answers. */
const mute: Handler = () => undefined;

/** Says something again and again, for longer than `deadlineMs`. */
const drops: Handler = (_seen, response) => {
  let count = 0;
  const timer = setInterval(() => {
    count += 1;
    response.write('drop');
    if (count < 12) return;
    clearInterval(timer);
    response.end();
  }, deadlineMs / 8);
};

/** Answers neither a call nor a stream. */
async function startSilentHttp2(): Promise<number> {
  return startHttp2Server(closing, (stream) => {
    stream.resume();
  });
}

/** Switches protocols, and says something later. */
async function startLateSpeaker(afterMs: number): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      const timer = setTimeout(() => socket.end('late'), afterMs);
      socket.on('close', () => clearTimeout(timer));
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
  const socket = await startLateSpeaker(deadlineMs + 500);
  const laterSocket = await startLateSpeaker(muchLaterMs);
  const silent = await startSilentHttp2();
  const waiter = await startWaiter(closing);
  seenByWaiter = waiter.seen;
  const applications: Readonly<Record<string, readonly [port: number, route: Partial<RouteIr>]>> = {
    echo: [echo, { timeoutMs }],
    delayed: [echo, { timeoutMs, fault: delay }],
    dripping: [await startApplication('dripping', closing, dripping), { timeoutMs: deadlineMs }],
    grpc: [silent, { timeoutMs }],
    socket: [socket, { timeoutMs: deadlineMs }],
    idle: [await startApplication('mute', closing, mute), { idleTimeoutMs: timeoutMs }],
    'idle-not': [await startApplication('drops', closing, drops), { idleTimeoutMs: deadlineMs }],
    'idle-socket': [laterSocket, { idleTimeoutMs: deadlineMs }],
    'short-socket': [laterSocket, { timeoutMs: deadlineMs, streamTimeoutMs: deadlineMs }],
    patient: [silent, { timeoutMs: 2 * muchLaterMs }],
    'patient-grpc': [waiter.port, { timeoutMs: 2 * muchLaterMs }],
    'impatient-grpc': [waiter.port, { timeoutMs: deadlineMs }],
    'endless-grpc': [waiter.port, {}],
  };
  const entries = await Promise.all(
    Object.entries(applications).map(async ([name, [port, route]]) => {
      at[name] = await freePort();
      return { name, route, inbound: sampleInbound(await freePort(), port, { mtls: 'Strict' }) };
    }),
  );
  const services = entries.map(({ name, route, inbound }) =>
    sampleService(`shop/${name}/80`, {
      peerIdentities: [spiffeId('server')],
      endpoints: [sampleEndpoint(inbound.port, { mtls: true })],
      routes: [sampleRoute('timed', route)],
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
});

/** How long it took, in milliseconds, and what came of it. */
async function timed<T>(what: Promise<T>): Promise<readonly [ms: number, outcome: T]> {
  const before = performance.now();
  const outcome = await what;
  return [performance.now() - before, outcome];
}

function expectAfterTimeout(ms: number, afterMs = timeoutMs): void {
  expect(ms).toBeGreaterThan(afterMs - earlyMs);
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
  expectAfterTimeout(ms, deadlineMs);
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

const webSocket = 'GET / HTTP/1.1\r\nHost: svc\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';

test('a WebSocket goes on', async () => {
  const heard = await converse(at['socket'] ?? 0, webSocket);

  expect(heard).toMatch(/^HTTP\/1.1 101 .*late$/s);
});

test('a WebSocket ends after timeout.stream', async () => {
  const [ms, heard] = await timed(converse(at['short-socket'] ?? 0, webSocket));

  expect(heard).toMatch(/^HTTP\/1.1 101 /);
  expect(heard).not.toContain('late');
  expectAfterTimeout(ms, deadlineMs);
});

describe('timeout.idle', () => {
  test('ends a request of which nobody says anything', async () => {
    const [ms, { status }] = await timed(call(at['idle'] ?? 0));

    expect(status).toBe(504);
    expectAfterTimeout(ms);
  });

  test('lets a response go on that says something in time', async () => {
    const [ms, { body }] = await timed(call(at['idle-not'] ?? 0));

    expect(body).toBe('drop'.repeat(12));
    expect(ms).toBeGreaterThan(deadlineMs);
  });

  test('ends a silent WebSocket', async () => {
    const [ms, heard] = await timed(converse(at['idle-socket'] ?? 0, webSocket));

    expect(heard).toMatch(/^HTTP\/1.1 101 /);
    expect(heard).not.toContain('late');
    expectAfterTimeout(ms, deadlineMs);
  });
});

describe('the deadline of a gRPC client', () => {
  test('counts if it is shorter: the server hears of it, and that nobody waits any longer', async () => {
    const [ms, code] = await timed(askToWait(at['patient-grpc'] ?? 0, deadlineMs));

    expect(code).toBe('DEADLINE_EXCEEDED');
    expectAfterTimeout(ms, deadlineMs);
    const seen = await seenByWaiter();
    expect(seen.deadlineMs).toBeLessThanOrEqual(deadlineMs);
    expect(seen.deadlineMs).toBeGreaterThan(0);
  });

  test('counts even if the client itself has forgotten it', async () => {
    const headers = {
      ':path': '/shop.Reviews/Get',
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': `${timeoutMs}m`,
    };
    const [ms, { fields }] = await timed(callHttp2(at['patient'] ?? 0, { headers, body: '\0\0\0\0\0' }));

    expect(fields).toMatchObject({ 'grpc-status': '4' });
    expectAfterTimeout(ms);
  });

  test('does not lengthen timeout.request', async () => {
    const [ms, code] = await timed(askToWait(at['impatient-grpc'] ?? 0, 2 * muchLaterMs));

    expect(code).toBe('DEADLINE_EXCEEDED');
    expectAfterTimeout(ms, deadlineMs);
    await seenByWaiter();
  });

  test('is the only one where no policy sets a timeout', async () => {
    const [ms, code] = await timed(askToWait(at['endless-grpc'] ?? 0, deadlineMs));

    expect(code).toBe('DEADLINE_EXCEEDED');
    expectAfterTimeout(ms, deadlineMs);
    await seenByWaiter();
  });
});
