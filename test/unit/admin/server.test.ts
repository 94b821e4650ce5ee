import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type AdminOptions, type AdminServer, createAdminServer } from '../../../operator/admin/server.ts';
import { createLog } from '../../../operator/process/log.ts';
import { poll } from '../../support/kubernetes/poll.ts';
import { Redacted } from '../../../operator/values/redacted.ts';

let isReady: boolean;
let server: AdminServer;
let others: AdminServer[];
let sockets: Socket[];

function optionsAt(port: number): AdminOptions {
  return {
    address: { host: '127.0.0.1', port },
    log: createLog('silent'),
    stopGraceMs: 50,
    trafficMetrics: () => ({ type: 'text/plain', pieces: [] }),
    metrics: { contentType: 'text/plain; version=0.0.4', render: () => Promise.resolve('up 1\n') },
    components: () => [
      { name: 'watch', ready: () => true },
      { name: 'xds server', ready: () => isReady },
    ],
    debug: {
      resources: () => ({ generation: 1 }),
      ir: () => null,
      proxies: () => [{ workload: 'Pod/shop/a', key: new Redacted('secret') }],
      traffic: () => [],
      hosts: () => [],
      snapshot: () => ({ layers: new Map([['shared', 1]]) }),
      status: () => {
        throw new Error('It is broken.');
      },
    },
  };
}

beforeEach(async () => {
  isReady = true;
  others = [];
  sockets = [];
  server = createAdminServer(optionsAt(0));
  await server.start();
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all([server, ...others].map((one) => one.stop()));
});

async function ask(
  path: string,
  method = 'GET',
): Promise<{ status: number; type: string | null; body: string }> {
  const response = await fetch(`http://127.0.0.1:${server.port()}${path}`, { method });
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
}

const plain = 'text/plain; charset=utf-8';
const paths = [
  '/healthz',
  '/readyz',
  '/metrics',
  '/metrics/traffic',
  '/debug/resources',
  '/debug/ir',
  '/debug/proxies',
  '/debug/traffic',
  '/debug/hosts',
  '/debug/snapshot',
  '/debug/status',
];

test.each([
  { path: '/healthz', status: 200, type: plain, body: 'ok\n' },
  { path: '/readyz', status: 200, type: plain, body: 'ready\n' },
  { path: '/metrics', status: 200, type: 'text/plain; version=0.0.4', body: 'up 1\n' },
  {
    path: '/debug/resources?pretty',
    status: 200,
    type: 'application/json',
    body: '{\n  "generation": 1\n}\n',
  },
  { path: '/debug/ir', status: 200, type: 'application/json', body: 'null\n' },
  {
    path: '/debug/snapshot',
    status: 200,
    type: 'application/json',
    body: '{\n  "layers": {\n    "shared": 1\n  }\n}\n',
  },
  {
    path: '/debug/status',
    status: 500,
    type: plain,
    body: 'Cannot create /debug/status; see the log of the operator.\n',
  },
  {
    path: '/nowhere',
    status: 404,
    type: plain,
    body: `There is no /nowhere here. There are:\n${paths.join('\n')}\n`,
  },
])('GET $path answers $status', async ({ path, ...expected }) => {
  expect(await ask(path)).toEqual(expected);
});

test('/readyz names what is not ready', async () => {
  isReady = false;

  expect(await ask('/readyz')).toEqual({ status: 503, type: plain, body: 'Not ready:\nxds server\n' });
});

test('/debug shows no secret', async () => {
  const { body } = await ask('/debug/proxies');

  expect(JSON.parse(body)).toEqual([{ workload: 'Pod/shop/a', key: '[redacted]' }]);
});

test('HEAD answers like GET, without a body', async () => {
  expect(await ask('/healthz', 'HEAD')).toEqual({ status: 200, type: plain, body: '' });
});

test('other methods are refused', async () => {
  expect(await ask('/healthz', 'POST')).toEqual({
    status: 405,
    type: plain,
    body: 'Only GET and HEAD are answered here.\n',
  });
});

test('a port that is taken is told in one sentence', async () => {
  const port = server.port();

  const start = createAdminServer(optionsAt(port)).start();

  await expect(start).rejects.toThrow(
    `Cannot listen on admin address 127.0.0.1:${port}. Choose another with --admin-address.`,
  );
});

test('it stops within a bound although a connection stays open', async () => {
  const socket = connect(server.port(), '127.0.0.1');
  const ended = new Promise((resolve) => {
    socket.once('close', resolve);
  });
  socket.on('error', () => undefined);
  await new Promise((resolve) => {
    socket.once('connect', resolve);
  });
  socket.write('GET /healthz HTTP/1.1\r\nHost:');

  await server.stop();
  await ended;

  expect(server.ready()).toBe(false);
});

test('before it has started it is not ready and has no port', () => {
  const other = createAdminServer(optionsAt(0));

  expect(other.ready()).toBe(false);
  expect(() => other.port()).toThrow('The admin server has not started.');
});

/** A server whose /debug/ir has no end, and counts the items that were made of it. */
async function endless(host = '127.0.0.1'): Promise<{ port: number; made: () => number }> {
  let made = 0;
  const items = {
    *[Symbol.iterator]() {
      for (;;) {
        made += 1;
        yield 'x'.repeat(10_000);
      }
    },
  };
  const options = optionsAt(0);
  const debug = { ...options.debug, ir: () => items };
  const other = createAdminServer({ ...options, address: { host, port: 0 }, debug, idleMs: 500 });
  others.push(other);
  await other.start();
  return { port: other.port(), made: () => made };
}

function connected(port: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = connect(port, host);
  sockets.push(socket);
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(socket));
  });
}

async function closed(socket: Socket): Promise<void> {
  socket.resume();
  if (socket.closed) return;
  await new Promise((resolve) => {
    socket.once('close', resolve);
  });
}

/** Sends it, and resolves to the beginning of the answer. Nothing more is read. */
async function firstBytes(socket: Socket, text: string): Promise<string> {
  const bytes = new Promise<Buffer>((resolve) => {
    socket.once('data', (data: Buffer) => {
      socket.pause();
      resolve(data);
    });
  });
  socket.write(text);
  return (await bytes).toString('latin1');
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

test('answers of /debug that nobody reads are few, cost little, and end; probes and metrics are answered', async () => {
  const { port, made } = await endless();
  const readers = await Promise.all([1, 2].map(async () => connected(port)));
  for (const reader of readers) expect(await firstBytes(reader, get('/debug/ir'))).toContain(' 200 OK');

  const third = await firstBytes(await connected(port), get('/debug/resources'));
  const probe = await firstBytes(await connected(port), get('/healthz'));
  const answered = await poll(
    async () =>
      (await firstBytes(await connected(port), get('/debug/resources'))).includes(' 200 OK')
        ? true
        : undefined,
    { intervalMs: 50, deadlineMs: 60_000 },
  );

  expect(third).toContain(' 503 ');
  expect(probe).toContain(' 200 OK');
  // What the buffers of two sockets hold, and not what there is.
  expect(made() * 10_000).toBeLessThan(100_000_000);
  expect(answered).toBe(true);
});

test('one connection with many requests is one reader', async () => {
  const { port } = await endless();
  const reader = await connected(port);

  await firstBytes(reader, get('/debug/ir').repeat(500));

  expect(await firstBytes(await connected(port), get('/healthz'))).toContain(' 200 OK');
});

test('an address has a bounded number of connections', async () => {
  const { port } = await endless();
  const many = await Promise.all(Array.from({ length: 40 }, async () => connected(port)));

  await Promise.all(many.slice(32).map(closed));

  const first = many[0];
  expect(first && (await firstBytes(first, get('/healthz')))).toContain(' 200 OK');
});

test('/debug is refused to a page of another site', async () => {
  const status = await new Promise<number | undefined>((resolve) => {
    const headers = { host: `evil.example.org:${server.port()}` };
    request({ port: server.port(), path: '/debug/ir', headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).end();
  });

  expect(status).toBe(403);
});

test('/debug is refused to other machines, /metrics is not', async () => {
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  if (own === undefined) process.stderr.write('NOT RUN: this machine has no address but the loopback\n');
  const host = own?.address ?? '127.0.0.1';
  const { port } = await endless('0.0.0.0');

  const debug = await fetch(`http://${host}:${port}/debug/resources`);
  const metrics = await fetch(`http://${host}:${port}/metrics`);
  const here = await fetch(`http://127.0.0.1:${port}/debug/resources`);

  expect([debug.status, metrics.status, here.status]).toEqual([own === undefined ? 200 : 403, 200, 200]);
});
