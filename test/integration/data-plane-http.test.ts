// HTTP as real sidecars take it: methods of all kinds and what policies say of them, and the bounds that protect a sidecar.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Handler } from '../support/data-plane/applications.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { call, converse } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { startSidecars } from '../support/data-plane/sidecars.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  ownService,
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleRoute,
  sampleRequest,
  sampleRule,
  sampleMatch,
  sampleService,
  sampleWorkload,
  spiffeId,
  forwardTo,
} from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

/** Service → where the caller's application reaches it. */
const at: Record<string, number> = {};

const authorizations = {
  open: { deny: [], allow: 'all' },
  denied: {
    deny: [sampleRule('shop/guard/no-purge', 'anyone', [sampleRequest({ methods: ['PURGE', 'GET'] })])],
    allow: 'all',
  },
  allowed: {
    deny: [],
    allow: [sampleRule('shop/guard/purge', ['caller'], [sampleRequest({ methods: ['PURGE'] })])],
  },
} as const;

/** As many response headers as the path says. */
const manyHeaders: Handler = (seen, response) => {
  const names = Array.from({ length: Number(seen.url.slice(1)) }, (_, index) => `x-${index}`);
  response.writeHead(200, Object.fromEntries(names.map((name) => [name, '1']))).end();
};

beforeAll(async () => {
  const echo = await startApplication('echo', closing);
  const many = await startApplication('many', closing, manyHeaders);
  const inbound = await Promise.all([
    ...Object.values(authorizations).map(async (authorization) =>
      sampleInbound(await freePort(), echo, { mtls: 'Strict', authorization }),
    ),
    (async () => sampleInbound(await freePort(), many, { mtls: 'Strict' }))(),
  ]);
  const names = [...Object.keys(authorizations), 'many'];
  const to = (index: number): Parameters<typeof sampleService>[1] => ({
    peerIdentities: [spiffeId('server')],
    endpoints: [sampleEndpoint(inbound[index]?.port ?? 0, { mtls: true })],
  });
  const routes = [
    sampleRoute('purge', {
      matches: [sampleMatch({ method: 'PURGE' })],
      action: forwardTo({ invalid: 'no purge here', weight: 1 }),
    }),
    sampleRoute('default', {
      action: forwardTo({ service: ownService, subset: null, weight: 1 }),
    }),
  ];
  const expression = 'RegularExpression' as const;
  const own = { service: ownService, subset: null, weight: 1 };
  const replacing = sampleRoute('replacing', {
    action: {
      ...forwardTo(own),
      rewrite: { hostname: null, path: { type: expression, value: 'a(.*x)?', substitution: 'b' } },
    },
  });
  const compared = (match: Parameters<typeof sampleMatch>[0]): readonly ReturnType<typeof sampleRoute>[] => [
    sampleRoute('compared', { matches: [sampleMatch(match)] }),
    sampleRoute('default'),
  ];
  const written = { name: 'x-kind', type: expression, value: '[ab]*a[ab]{20}', not: false };
  const services = [
    sampleService('shop/path/80', {
      ...to(0),
      routes: compared({ path: { type: expression, value: '/[ab]*a[ab]{20}' } }),
    }),
    sampleService('shop/query/80', { ...to(0), routes: compared({ queryParameters: [written] }) }),
    sampleService('shop/header/80', { ...to(0), routes: compared({ headers: [written] }) }),
    sampleService('shop/replacing/80', { ...to(0), routes: [replacing] }),
    ...names.map((name, index) => sampleService(`shop/${name}/80`, to(index))),
    sampleService('shop/routed/80', { ...to(0), routes }),
  ];
  const bindings = await Promise.all(
    services.map(async ({ key, service }) => {
      at[service] = await freePort();
      return { address: '127.0.0.1', port: at[service], service: key, protocol: 'HTTP' as const };
    }),
  );
  const workloads = [sampleWorkload('caller', { bindings }), sampleWorkload('server', { inbound })];
  await startSidecars(sampleMesh({ services, workloads }), closing);
});

/** The status of a request in these very words: Node.js sends known methods only. */
async function status(service: string, method: string, headers = ''): Promise<number> {
  const answer = await converse(
    at[service] ?? 0,
    `${method} / HTTP/1.1\r\nHost: svc\r\nConnection: close\r\n${headers}\r\n`,
  );
  return Number(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1]);
}

describe('methods', () => {
  test.each(['M-SEARCH', 'PURGE', 'LINK'])('of all kinds pass: %s', async (method) => {
    expect(await status('open', method)).toBe(200);
  });

  test.each([
    { method: 'PURGE', answer: 503 },
    { method: 'GET', answer: 200 },
  ])('of all kinds are matched by routes: $method', async ({ method, answer }) => {
    expect(await status('routed', method)).toBe(answer);
  });

  test.each(['GET', 'get', 'Get', 'PURGE', 'purge'])(
    'that are denied are denied in every letter case, since some applications ignore it: %s',
    async (method) => {
      expect(await status('denied', method)).toBe(403);
    },
  );

  test.each([
    { method: 'PURGE', answer: 200 },
    { method: 'purge', answer: 403 },
    { method: 'GET', answer: 403 },
  ])('that are allowed are allowed in their own letter case alone: $method', async ({ method, answer }) => {
    expect(await status('allowed', method)).toBe(answer);
  });
});

describe('a sidecar takes no more than its bounds', () => {
  const headers = (count: number): string =>
    Array.from({ length: count }, (_, index) => `x-${index}: 1\r\n`).join('');

  test.each([
    { count: 900, answer: 200 },
    { count: 1_001, answer: 431 },
  ])('request headers: $count', async ({ count, answer }) => {
    expect(await status('open', 'GET', headers(count))).toBe(answer);
  });

  test('bytes of request headers', async () => {
    expect(await status('open', 'GET', `x-large: ${'v'.repeat(300_000)}\r\n`)).toBe(431);
  });

  test.each([
    ['path', 414],
    ['query', 414],
    ['replacing', 414],
    ['header', 200],
    ['open', 200],
  ] as const)(
    'bytes of paths where expressions of policies read them, and nowhere else: %s',
    async (service, answer) => {
      const lie = { 'x-meshwright-path-bytes': '1' };
      const statusOf = async (length: number): Promise<number> =>
        (await call(at[service] ?? 0, { path: `/${'a'.repeat(length)}`, headers: lie })).status;

      expect(await statusOf(8_000)).toBe(200);
      expect(await statusOf(9_000)).toBe(answer);
    },
  );

  test('bytes of headers where expressions of policies read them', async () => {
    const large = { 'x-kind': 'a'.repeat(33_000) };
    const answers = await Promise.all([
      call(at['header'] ?? 0, { headers: large }),
      call(at['header'] ?? 0, { headers: { 'x-kind': 'a'.repeat(12_000) } }),
      call(at['path'] ?? 0, { headers: large }),
    ]);

    // An application of Node.js refuses 16 KiB.
    expect(answers.map((answer) => answer.status)).toEqual([431, 200, 431]);
    expect(answers.map(({ body }) => body.includes('regular expressions'))).toEqual([true, false, false]);
  });

  test('applications do not see what sidecars count', async () => {
    expect((await call(at['path'] ?? 0)).body).not.toContain('x-meshwright');
  });

  test.each([
    { count: 900, answer: 200 },
    { count: 1_001, answer: 502 },
  ])('response headers: $count', async ({ count, answer }) => {
    expect((await call(at['many'] ?? 0, { path: `/${count}` })).status).toBe(answer);
  });
});
