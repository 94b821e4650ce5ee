// The proxy of `meshwright dashboard`: who gets through, and with what.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createProxy } from '../../../operator/dashboard/local/proxy.ts';
import { readDashboardOptions } from '../../../operator/dashboard/local/options.ts';
import { Tokens } from '../../../operator/dashboard/local/token.ts';

const key = 'k'.repeat(48);
const got: { url: string | undefined; headers: IncomingHttpHeaders }[] = [];
let operator: Server;
let proxy: Server;
let trouble: string | null = null;

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

beforeAll(async () => {
  operator = createServer(({ url, headers }, response) => {
    got.push({ url, headers });
    response
      .writeHead(200, { 'content-type': 'text/plain', 'set-cookie': 'theirs=1', 'x-other': '1' })
      .end('view');
  });
  proxy = createProxy({
    key,
    token: () => Promise.resolve('secret-token'),
    operator: () =>
      trouble === null
        ? Promise.resolve(new URL(`http://127.0.0.1:${portOf(operator)}`))
        : Promise.reject(new Error(trouble)),
  });
  for (const server of [operator, proxy]) {
    server.listen(0, '127.0.0.1');
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await once(server, 'listening');
  }
});
afterAll(() => {
  for (const server of [operator, proxy]) server.close().closeAllConnections();
});

interface Asked {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function ask(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Asked> {
  const outgoing = request({
    host: '127.0.0.1',
    port: portOf(proxy),
    path,
    headers,
    method,
    agent: false,
  }).end();
  const [response] = await once(outgoing, 'response');
  let body = '';
  for await (const piece of response) body += String(piece);
  return { status: response.statusCode, headers: response.headers, body };
}

const cookie = (): Readonly<Record<string, string>> => ({
  cookie: `a=b; meshwright-${portOf(proxy)}=${key}`,
});

test('the key becomes a cookie that no script reads and no other site sends, and leaves the address', async () => {
  const { status, headers } = await ask(`/?key=${key}`);

  expect([status, headers.location]).toEqual([303, '/dashboard/']);
  expect(headers['set-cookie']).toEqual([
    `meshwright-${portOf(proxy)}=${key}; Path=/; HttpOnly; SameSite=Strict`,
  ]);
});

test('with the cookie, the operator is asked with the token, without the cookie and whatever else the browser said', async () => {
  got.length = 0;
  const { status, headers, body } = await ask('/dashboard/api/graph?window=60', {
    ...cookie(),
    'x-evil': '1',
  });

  expect([status, body]).toEqual([200, 'view']);
  expect(headers).not.toHaveProperty('set-cookie');
  expect(headers).not.toHaveProperty('x-other');
  expect(got).toEqual([
    {
      url: '/dashboard/api/graph?window=60',
      headers: {
        authorization: 'Bearer secret-token',
        host: `localhost:${portOf(operator)}`,
        connection: 'close',
      },
    },
  ]);
});

test.each([
  ['no cookie', '/dashboard/', {}, 403],
  ['a wrong key', '/?key=x', {}, 403],
  ['no key', '/', {}, 403],
  ['another path, with it', '/debug/ir', 'cookie', 404],
  ['a path that leads out of it', '/dashboard/../debug/ir', 'cookie', 404],
  ['the same in disguise', '/dashboard/%2e%2e/debug/ir', 'cookie', 404],
  ['a rebound name', '/dashboard/', { host: 'evil.example.org' }, 403],
  ['a page of another site', '/dashboard/', { origin: 'https://evil.example.org' }, 403],
  ['a link on another site', '/dashboard/', { 'sec-fetch-site': 'cross-site' }, 403],
] as const)('%s: the operator is not asked', async (_what, path, headers, expected) => {
  got.length = 0;
  const { status } = await ask(path, headers === 'cookie' ? cookie() : headers);

  expect([status, got]).toEqual([expected, []]);
});

test('nothing can be written through it', async () => {
  expect((await ask('/dashboard/', cookie(), 'POST')).status).toBe(405);
});

test('why the operator cannot be reached is said', async () => {
  trouble = 'No operator leads at this moment. Try again.';
  const { status, body } = await ask('/dashboard/', cookie());
  trouble = null;

  expect([status, body]).toEqual([502, 'No operator leads at this moment. Try again.\n']);
});

test('a token is asked for once in seven minutes, and again after a failure', async () => {
  let nowMs = 0;
  let isFailing = false;
  const asked: string[] = [];
  const run = (...args: readonly string[]): Promise<string> => {
    asked.push(args.join(' '));
    return isFailing ? Promise.reject(new Error('Forbidden')) : Promise.resolve(`token-${asked.length}`);
  };
  const tokens = new Tokens({ run }, 'meshwright-dashboard', () => nowMs);

  expect([await tokens.get(), await tokens.get()]).toEqual(['token-1', 'token-1']);
  expect(asked).toEqual([
    'create token meshwright-dashboard --audience meshwright-dashboard --duration 600s',
  ]);
  nowMs = 420_000;
  isFailing = true;
  await expect(tokens.get()).rejects.toThrow('Forbidden');
  isFailing = false;
  expect(await tokens.get()).toBe('token-3');
});

test.each([
  [{ port: '70000' }, 'Option --port is "70000": write a port from 0 to 65535.'],
  [
    { operator: 'http://meshwright.meshwright-system.svc:8080' },
    'Option --operator is "http://meshwright.meshwright-system.svc:8080": write http:// and a loopback address, such as http://127.0.0.1:8080.',
  ],
])('options that cannot be: %j', (given, message) => {
  expect(() => readDashboardOptions(given)).toThrow(message);
});

test('options of kubectl are passed on', () => {
  expect(readDashboardOptions({ kubeconfig: 'k', context: 'c', namespace: 'mesh' }).kubectl).toEqual([
    '--kubeconfig',
    'k',
    '--context',
    'c',
    '--namespace',
    'mesh',
  ]);
});
