// The proxy of `meshwright dashboard`: who gets through, and with what.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createProxy } from '../../../operator/dashboard/local/proxy.ts';
import { readDashboardOptions } from '../../../operator/dashboard/local/options.ts';

const key = 'k'.repeat(48);
const got: { url: string | undefined; headers: IncomingHttpHeaders }[] = [];
let operator: Server;
let proxy: Server;
let trouble: string | null = null;
/** The token that the operator takes. */
let valid = 'token-0';
let dropped = 0;

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

beforeAll(async () => {
  operator = createServer(({ url, headers }, response) => {
    got.push({ url, headers });
    response
      .writeHead(headers.authorization === `Bearer ${valid}` ? 200 : 401, {
        'content-type': 'text/plain',
        'set-cookie': 'theirs=1',
        'x-other': '1',
      })
      .end('view');
  });
  proxy = createProxy({
    key,
    tokens: {
      get: () => Promise.resolve(`token-${dropped}`),
      drop: (token) => {
        if (token === `token-${dropped}`) dropped += 1;
      },
    },
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

const setCookie = (): string => `meshwright-${portOf(proxy)}=${key}; Path=/; HttpOnly; SameSite=Strict`;

test.each([
  ['typed', {}],
  ['in a file or on a page that the user was given', { 'sec-fetch-site': 'cross-site' }],
])(
  'the key in an address that is %s becomes a cookie that no script reads and no other site sends; then the page itself leads on',
  async (_where, headers) => {
    const answer = await ask(`/?key=${key}`, headers);

    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'set-cookie': [setCookie()],
      // A redirect would belong to the link: from elsewhere it would come without the cookie.
      refresh: '0; url=/dashboard/',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    expect(answer.body).not.toContain(key);
  },
);

test('a token that the operator refuses is replaced, once', async () => {
  const before = dropped;
  valid = `token-${before + 1}`;
  const mended = await ask('/dashboard/api/graph', cookie());
  valid = 'none';
  const refused = await ask('/dashboard/api/graph', cookie());
  valid = `token-${dropped}`;

  expect([mended.status, mended.body, refused.status]).toEqual([200, 'view', 401]);
  expect(dropped).toBe(before + 2);
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
        authorization: `Bearer ${valid}`,
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
  ['a rebound name, with the key', `/?key=${key}`, { host: 'evil.example.org' }, 403],
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
