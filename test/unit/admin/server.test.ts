import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type AdminOptions, type AdminServer, createAdminServer } from '../../../operator/admin/server.ts';
import { createLog } from '../../../operator/process/log.ts';
import { Redacted } from '../../../operator/values/redacted.ts';

let isReady: boolean;
let server: AdminServer;

function optionsAt(port: number): AdminOptions {
  return {
    address: { host: '127.0.0.1', port },
    log: createLog('silent'),
    stopGraceMs: 50,
    metrics: { contentType: 'text/plain; version=0.0.4', render: () => Promise.resolve('up 1\n') },
    components: () => [
      { name: 'watch', ready: () => true },
      { name: 'xds server', ready: () => isReady },
    ],
    debug: {
      resources: () => ({ generation: 1 }),
      ir: () => null,
      proxies: () => [{ workload: 'Pod/shop/a', key: new Redacted('secret') }],
      snapshot: () => ({ layers: new Map([['shared', 1]]) }),
      status: () => {
        throw new Error('It is broken.');
      },
    },
  };
}

beforeEach(async () => {
  isReady = true;
  server = createAdminServer(optionsAt(0));
  await server.start();
});

afterEach(() => server.stop());

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
  '/debug/resources',
  '/debug/ir',
  '/debug/proxies',
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
