// What routes do to real requests, through the sidecars of a caller and of a server: who gets them, and what happens
// when that one is slow, broken or gone.
import { unseenHeaders } from '../../api/headers.ts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BackendIr, HeaderModifierIr } from '../../operator/ir/route.ts';
import type { EndpointIr, ServicePortIr, SubsetIr } from '../../operator/ir/service.ts';
import { type Handler, startApplication } from '../support/data-plane/applications.ts';
import { call, converse, seenBy } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { type Sidecar, startSidecars } from '../support/data-plane/sidecars.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  noRetry,
  sampleEndpoint,
  sampleInbound,
  sampleMatch,
  sampleMesh,
  ownService,
  sampleRoute,
  sampleService,
  type ServiceParts,
  sampleWorkload,
  spiffeId,
  forwardTo,
  withAllLines,
} from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

/** Service name → where the caller's application reaches it. */
const at: Record<string, number> = {};
let caller: Sidecar;
let attempts: string[] = [];

const slow: Handler = (_seen, response) => {
  const timer = setTimeout(() => response.end('late'), 30_000);
  response.on('close', () => {
    clearTimeout(timer);
  });
};

/** Breaks the first attempt of each request id: by a reset, or by the status in its path. */
const flaky: Handler = (seen, response) => {
  const id = String(seen.headers['x-request-id']);
  const isFirst = !attempts.includes(id);
  attempts.push(id);
  if (!isFirst) return void response.end('recovered');
  if (seen.url === '/reset') return void response.destroy();
  // With the words of a sidecar, which are not its to use.
  return void response.writeHead(503, { 'x-meshwright-not-reached': '1' }).end('broken');
};

/** Hosts of the copies it got. */
const copies: (string | undefined)[] = [];
let firstCopyMs = Infinity;
/** Never answers. */
const mute: Handler = ({ headers }) => {
  firstCopyMs = Math.min(firstCopyMs, performance.now());
  copies.push(headers.host);
};

/** Ids of the requests of which it got copies. */
const copied: string[] = [];
const elsewhere: Handler = ({ headers }, response) => {
  copied.push(String(headers['x-request-id']));
  response.end();
};

let lies = 0;
/** Has no sidecar, so nobody takes its words away. */
const liar: Handler = (_seen, response) => {
  lies += 1;
  response.writeHead(503, { 'x-meshwright-not-reached': '1' }).end('a lie');
};

let silentCalls = 0;
/** Never answers either. */
const silent: Handler = () => {
  silentCalls += 1;
};

/** Answers 64 KiB. */
const large: Handler = (_seen, response) => void response.end(Buffer.alloc(65_536, 'x'));

/** What answers the tries that the late application got. */
const lateTries: (() => void)[] = [];
/** Answers the first try when there is a second, and no others. */
const late: Handler = (_seen, response) => {
  lateTries.push(() => response.end('late'));
  if (lateTries.length === 2) lateTries[0]?.();
};

/** The echo, with response headers for a route to change. */
const talkative: Handler = (seen, response) => {
  response.writeHead(200, { 'x-set': 'old', 'x-add': 'first', 'x-remove': 'old' }).end(JSON.stringify(seen));
};

const headerChanges: HeaderModifierIr = {
  set: [{ name: 'x-set', value: '100% %REQ(:path)% %%' }],
  add: [{ name: 'x-add', value: 'second' }],
  remove: ['x-remove'],
};

/** As long as one may be, of characters of three bytes. */
const longAnswer = '語'.repeat(4_096);

const to = (subset: string | null, weight = 1): BackendIr => ({ service: ownService, subset, weight });

/** A service for each thing that routes do. */
const hedge = { ...noRetry, attempts: 1, perTryTimeoutMs: 200, hedge: true } as const;

function routedServices(endpoint: (application: string) => EndpointIr): readonly ServicePortIr[] {
  const service = (name: string, parts: ServiceParts): ServicePortIr =>
    sampleService(`shop/${name}/80`, { peerIdentities: [spiffeId('server')], ...parts });
  const subset = (name: string): SubsetIr => ({ name, endpoints: [endpoint(name)], origins: [] });
  const subsets = [subset('v1'), subset('v2')];
  return [
    service('split', {
      subsets,
      routes: [sampleRoute('split', { action: forwardTo(to('v1', 90), to('v2', 10)) })],
    }),
    service('matched', {
      subsets,
      routes: [
        sampleRoute('to-v2', {
          matches: [
            sampleMatch({ path: { type: 'PathPrefix', value: '/new' } }),
            sampleMatch({ path: { type: 'Exact', value: '/exact' }, method: 'POST' }),
            sampleMatch({
              path: { type: 'RegularExpression', value: '/v[0-9]+/x' },
              headers: [
                { name: 'X-Group', type: 'Exact', value: 'test', not: false },
                { name: 'x-user', type: 'RegularExpression', value: 'a.*', not: false },
              ],
            }),
          ],
          action: forwardTo(to('v2')),
        }),
        sampleRoute('default', { action: forwardTo(to('v1')) }),
      ],
    }),
    service('spelled', {
      subsets,
      routes: [
        sampleRoute('to-v2', {
          matches: [
            sampleMatch({ path: { type: 'Exact', value: '/café' } }),
            sampleMatch({ path: { type: 'PathPrefix', value: '/a b' } }),
            sampleMatch({ path: { type: 'Exact', value: '/x|y[0]' } }),
            sampleMatch({ path: { type: 'Exact', value: '/%73hort' } }),
          ],
          action: forwardTo(to('v2')),
        }),
        sampleRoute('default', { action: forwardTo(to('v1')) }),
      ],
    }),
    service('mirrored', {
      subsets: [...subsets, subset('mute')],
      copies: [
        { subset: 'mute', origins: [] },
        { subset: 'v2', origins: [] },
      ],
      routes: [
        sampleRoute('mirrored', {
          action: {
            ...forwardTo(to('v1')),
            mirrors: [
              { service: 'shop/mirrored/80', subset: 'mute', percentage: 100 },
              { service: 'shop/mirrored/80', subset: 'v2', percentage: 0 },
              { service: 'shop/copied/80', subset: null, percentage: 100 },
            ],
          },
        }),
      ],
    }),
    service('copied', { endpoints: [endpoint('copied')], copies: [{ subset: null, origins: [] }] }),
    service('slow', { endpoints: [endpoint('slow')], routes: [sampleRoute('slow', { timeoutMs: 200 })] }),
    service('answered', {
      routes: [sampleRoute('answered', { action: { type: 'Respond', status: 410, body: longAnswer } })],
    }),
    // Two, since who does not answer often enough is left out for a while.
    ...['hedged-get', 'hedged-post'].map((name) =>
      service(name, {
        endpoints: [endpoint('silent'), endpoint('v1')],
        routes: [sampleRoute('hedged', { retry: hedge })],
      }),
    ),
    service('late', { endpoints: [endpoint('late')], routes: [sampleRoute('late', { retry: hedge })] }),
    service('narrow', {
      endpoints: [endpoint('large')],
      routes: [
        sampleRoute('narrow', {
          fault: {
            delay: null,
            abort: null,
            bandwidth: { kibibytesPerSecond: 64, percentage: 100 },
            headers: [{ name: 'x-narrow', type: 'Present', value: '', not: false }],
          },
        }),
      ],
    }),
    service('aborted', {
      endpoints: [endpoint('v1')],
      routes: [
        sampleRoute('aborted', {
          fault: {
            delay: { durationMs: 100, percentage: 100 },
            bandwidth: null,
            abort: { type: 'HTTP', status: 418, percentage: 100 },
            headers: [],
          },
        }),
      ],
    }),
    service('headers', {
      endpoints: [endpoint('talkative')],
      routes: [sampleRoute('headers', { requestHeaders: headerChanges, responseHeaders: headerChanges })],
    }),
    // Whatever header it looks for: none of them is seen.
    service('unseen', {
      endpoints: [endpoint('v1')],
      routes: [...unseenHeaders, 'x-forwarded-client-cert']
        .map((name) =>
          sampleRoute(`sees-${name}`, {
            matches: [sampleMatch({ headers: [{ name, type: 'Present', value: '', not: false }] })],
            action: { type: 'Respond', status: 410, body: name },
          }),
        )
        .concat(sampleRoute('default')),
    }),
    service('undefined', {
      routes: [sampleRoute('undefined', { action: forwardTo({ invalid: 'no such subset', weight: 1 }) })],
    }),
    service('elsewhere', {
      routes: [
        sampleRoute('half', {
          matches: [sampleMatch({ path: { type: 'Exact', value: '/half' } })],
          action: forwardTo(
            { service: 'shop/split/80', subset: 'v2', weight: 1 },
            { invalid: 'Service next/reviews does not exist.', weight: 1 },
          ),
        }),
        sampleRoute('impostor', {
          matches: [sampleMatch({ path: { type: 'Exact', value: '/impostor' } })],
          action: forwardTo({ service: 'shop/impostor/80', subset: null, weight: 1 }),
        }),
        sampleRoute('whole', {
          action: forwardTo({ service: 'shop/headless/80', subset: null, weight: 1 }),
        }),
      ],
    }),
    service('impostor', { endpoints: [endpoint('v1')], peerIdentities: [spiffeId('somebody-else')] }),
    service('half-gone', {
      endpoints: [endpoint('v1'), endpoint('gone')],
      // Of a hundred requests, with two attempts one in a million times one finds no other endpoint (hostSelections).
      routes: [sampleRoute('half-gone', { retry: { ...noRetry, attempts: 3, on: ['ConnectFailure'] } })],
    }),
    service('half-gone-unretried', { endpoints: [endpoint('gone')] }),
    service('flaky', {
      endpoints: [endpoint('flaky')],
      routes: [
        sampleRoute('flaky', {
          retry: { ...noRetry, attempts: 1, on: ['Reset', 'ServerError'] },
        }),
      ],
    }),
    service('spoofing', {
      endpoints: [endpoint('flaky')],
      routes: [sampleRoute('spoofing', { retry: { ...noRetry, attempts: 3, on: ['ConnectFailure'] } })],
    }),
    service('draining', {
      endpoints: [endpoint('v1'), { ...endpoint('v2'), health: 'Draining' }],
    }),
    service('headless', { headless: true, endpoints: [endpoint('v1'), endpoint('v2')] }),
    service('only-draining', { endpoints: [{ ...endpoint('v2'), health: 'Draining' }] }),
  ];
}

beforeAll(async () => {
  const apps = {
    v1: await startApplication('v1', closing),
    v2: await startApplication('v2', closing),
    slow: await startApplication('slow', closing, slow),
    flaky: await startApplication('flaky', closing, flaky),
    mute: await startApplication('mute', closing, mute),
    copied: await startApplication('copied', closing, elsewhere),
    silent: await startApplication('silent', closing, silent),
    late: await startApplication('late', closing, late),
    large: await startApplication('large', closing, large),
    talkative: await startApplication('talkative', closing, talkative),
    // Nobody listens there.
    gone: await freePort(),
  };
  const inbound = await Promise.all(
    Object.values(apps).map(async (port) => sampleInbound(await freePort(), port, { mtls: 'Strict' })),
  );
  const portOf = new Map(Object.keys(apps).map((name, index) => [name, inbound[index]?.port ?? 0]));
  const bare = await startApplication('liar', closing, liar);
  const services = [
    ...routedServices((name) => sampleEndpoint(portOf.get(name) ?? 0, { mtls: true })),
    sampleService('shop/bare/80', {
      endpoints: [sampleEndpoint(bare)],
      routes: [sampleRoute('bare', { retry: { ...noRetry, attempts: 2, on: ['ConnectFailure'] } })],
    }),
  ];
  const bindings = await Promise.all(
    services.map(async ({ key, service: name }) => {
      at[name] = await freePort();
      return { address: '127.0.0.1', port: at[name], service: key, protocol: 'HTTP' as const };
    }),
  );
  const ir = sampleMesh({
    services,
    workloads: [sampleWorkload('caller', { bindings }), sampleWorkload('server', { inbound })],
  });
  caller = (await startSidecars(withAllLines(ir), closing)).get('caller') as Sidecar;
});

const atOnce = 25;
const port = (name: string): number => at[name] ?? 0;

/** Application → how many of so many requests it got. */
async function tally(name: string, requests: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  // Some at a time: each may bring a new connection, whose handshake has five seconds.
  for (let made = 0; made < requests; made += atOnce) {
    const some = Array.from({ length: Math.min(atOnce, requests - made) }, () => seenBy(port(name)));
    // oxlint-disable-next-line no-await-in-loop -- as above
    for (const { app } of await Promise.all(some)) counts.set(app, (counts.get(app) ?? 0) + 1);
  }
  return counts;
}

describe('routes', () => {
  test('split requests by weight', async () => {
    const counts = await tally('split', 600);

    expect((counts.get('v1') ?? 0) + (counts.get('v2') ?? 0)).toBe(600);
    // 60, and more than six standard deviations.
    expect(counts.get('v2')).toBeGreaterThan(15);
    expect(counts.get('v2')).toBeLessThan(120);
  });

  test.each([
    { it: 'a path below the prefix', path: '/new/x', app: 'v2' },
    { it: 'the prefix itself', path: '/new', app: 'v2' },
    { it: 'a longer word than the prefix', path: '/newer', app: 'v1' },
    { it: 'path and method', path: '/exact', method: 'POST', app: 'v2' },
    { it: 'the path with another method', path: '/exact', app: 'v1' },
    { it: 'regular expressions', path: '/v1/x', headers: { 'x-group': 'test', 'x-user': 'anna' }, app: 'v2' },
    { it: 'one header of two', path: '/v1/x', headers: { 'x-group': 'test' }, app: 'v1' },
  ])('match $it: $app', async ({ app, path, method = 'GET', headers = {} }) => {
    const seen = await seenBy(port('matched'), { path, method, headers });

    expect(seen.app).toBe(app);
  });

  test.each([
    { path: '/caf%C3%A9', app: 'v2' },
    { path: '/caf%c3%a9', app: 'v2' },
    { path: '/caf%C3%A9?x', app: 'v2' },
    { path: '/caf%C3%A9/x', app: 'v1' },
    { path: '/cafe', app: 'v1' },
    { path: '/a%20b', app: 'v2' },
    { path: '/a%20b/c%20d', app: 'v2' },
    { path: '/a%20bc', app: 'v1' },
    { path: '/x|y[0]', app: 'v2' },
    { path: '/x%7Cy%5b0%5D', app: 'v2' },
    { path: '/short', app: 'v2' },
  ])(
    'find a path in each spelling that clients use, and forward it as it came: $path to $app',
    async ({ path, app }) => {
      const answer = await converse(
        port('spelled'),
        `GET ${path} HTTP/1.1\r\nHost: spelled\r\nConnection: close\r\n\r\n`,
      );

      expect(answer).toContain(`"app":"${app}"`);
      expect(answer).toContain(`"url":"${path}"`);
    },
  );

  test('never see a CONNECT request', async () => {
    const answer = await converse(
      port('spelled'),
      'CONNECT reviews.shop:80 HTTP/1.1\r\nHost: reviews.shop:80\r\nConnection: close\r\n\r\n',
    );

    expect(answer).toMatch(/^HTTP\/1.1 404 /);
  });

  test.each([...unseenHeaders, 'x-forwarded-client-cert'])('never see %s', async (name) => {
    const value = name === 'transfer-encoding' ? 'chunked' : 'x-hop';

    expect((await call(port('unseen'), { headers: { [name]: value } })).status).toBe(200);
  });

  test('are chosen by the binding, whatever the application claims in Host and in the destination header', async () => {
    const seen = await seenBy(port('matched'), {
      headers: { host: 'slow.shop:80', 'x-meshwright-destination': 'slow.shop:80' },
    });

    expect(seen.app).toBe('v1');
    expect(seen.headers.host).toBe('slow.shop:80');
    expect(seen.headers['x-meshwright-destination']).toBeUndefined();
  });

  test('answer 504 after their timeout', async () => {
    const before = performance.now();
    const answer = await call(port('slow'));

    expect(answer.status).toBe(504);
    // Timers may be a little early; the application would have taken half a minute.
    expect(performance.now() - before).toBeGreaterThanOrEqual(180);
    expect(performance.now() - before).toBeLessThan(25_000);
  });

  test.each(['GET', 'POST'])(
    'hedge a %s: an endpoint that does not answer costs no more than a try',
    async (method) => {
      const before = silentCalls;
      const statuses: number[] = [];
      // Which of the two is asked first is for the load balancer to say.
      await caller.waitFor(async () => {
        const answers = await Promise.all(
          Array.from({ length: 10 }, () =>
            call(port(`hedged-${method.toLowerCase()}`), { method, body: 'x' }),
          ),
        );
        statuses.push(...answers.map(({ status }) => status));
        return silentCalls > before;
      });

      expect(new Set(statuses)).toEqual(new Set([200]));
    },
  );

  test('hedge: the first try goes on beside the next one', async () => {
    const { status, body } = await call(port('late'));

    expect([status, body, lateTries.length]).toEqual([200, 'late', 2]);
  });

  test('slow down the bodies of some responses', async () => {
    const timed = async (headers: Record<string, string>): Promise<readonly [number, number]> => {
      const before = performance.now();
      const { body } = await call(port('narrow'), { headers });
      return [body.length, performance.now() - before];
    };
    const [whole, slowMs] = await timed({ 'x-narrow': '1' });

    expect(whole).toBe(65_536);
    expect(slowMs).toBeGreaterThan(800);
    // A busy machine may be slow by itself, but not each time.
    const isQuick = await caller.waitFor(async () => (await timed({}))[1] < 500);
    expect(isQuick).toBe(true);
  });

  test('inject delays and aborts', async () => {
    const before = performance.now();
    const answer = await call(port('aborted'));

    expect(answer.status).toBe(418);
    expect(performance.now() - before).toBeGreaterThanOrEqual(90);
  });

  test('change the headers of requests and responses, and take values as they are', async () => {
    const { headers, body } = await call(port('headers'), {
      headers: { 'X-Set': 'old', 'x-add': 'first', 'x-remove': 'old', 'x-other': 'kept' },
    });

    const changed = { 'x-set': '100% %REQ(:path)% %%', 'x-add': expect.stringMatching(/^first, ?second$/) };
    expect(headers).toMatchObject(changed);
    expect(headers['x-remove']).toBeUndefined();
    expect(JSON.parse(body)).toMatchObject({ headers: { ...changed, 'x-other': 'kept' } });
    expect(JSON.parse(body)).not.toHaveProperty('headers.x-remove');
  });

  test('send copies that nobody waits for, and mark them', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        seenBy(port('mirrored'), { headers: { host: 'reviews:80' }, body: 'x' }),
      ),
    );

    expect(answers.map(({ app }) => app)).toEqual(['v1', 'v1', 'v1', 'v1', 'v1']);
    await caller.waitFor(() => Promise.resolve(copies.length === 5));
    expect(new Set(copies)).toEqual(new Set(['reviews-shadow:80']));
  });

  test('send copies to endpoints of other services', async () => {
    const { status } = await call(port('mirrored'), { headers: { 'x-request-id': 'copied-elsewhere' } });

    expect(status).toBe(200);
    await caller.waitFor(() => Promise.resolve(copied.includes('copied-elsewhere')));
  });

  test('send no more copies to endpoints that never answer than a hundred at a time', async () => {
    for (let made = 0; made < 250; made += atOnce) {
      // oxlint-disable-next-line no-await-in-loop -- copies stay, callers do not
      const answers = await Promise.all(Array.from({ length: atOnce }, () => call(port('mirrored'))));
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    }
    await caller.waitFor(() => copies.length >= 100);
    // Each is open for 15 seconds: on a machine that takes longer than that, others come in their place. The first was sent a moment before it came.
    const turns = Math.ceil((performance.now() - firstCopyMs + 1_000) / 15_000);
    expect(copies.length).toBeLessThanOrEqual(100 * turns);
  });

  test('answer with a text of any characters', async () => {
    expect(await call(port('answered'))).toMatchObject({ status: 410, body: longAnswer });
  });

  test('send requests to other services, and the share of one that does not resolve gets a 503 that says why', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        call(port('elsewhere'), { path: '/half', headers: { 'x-request-id': `half-${index}` } }),
      ),
    );
    const refused = answers.findIndex(({ status }) => status === 503);

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]));
    expect(answers[refused]?.headers['x-meshwright-refused']).toBe('Service next/reviews does not exist.');
    expect(await caller.logged({ request_id: `half-${refused}`, log: 'request' })).toMatchObject({
      response_flags: 'NC',
      response_code_details: 'cluster_not_found',
      route_name: 'half',
    });
    const served = answers.filter(({ status }) => status === 200);
    expect(new Set(served.map(({ body }) => (JSON.parse(body) as { app: string }).app))).toEqual(
      new Set(['v2']),
    );
    expect((await call(port('elsewhere'), { path: '/other' })).status).toBe(200);
  });

  test('trust the identities of the service that they lead to, and no others', async () => {
    const answer = await call(port('elsewhere'), { path: '/impostor' });

    expect(answer.status).toBe(503);
  });

  test('that have nothing to forward to say so', async () => {
    const answer = await call(port('undefined'));

    expect(answer).toMatchObject({ status: 503, body: 'no such subset' });
  });
});

describe('retries', () => {
  test.each(['GET', 'POST'])('hide a dead application behind a live sidecar: %s', async (method) => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => seenBy(port('half-gone'), { method, body: 'once' })),
    );

    expect(new Set(answers.map(({ app }) => app))).toEqual(new Set(['v1']));
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['once']));
  });

  test('are not made where no policy asks for them, and the marks between sidecars stay there', async () => {
    const answer = await call(port('half-gone-unretried'));

    expect(answer.status).toBe(503);
    expect(answer.headers['x-meshwright-not-reached']).toBeUndefined();
  });

  test.each(['/reset', '/503'])('hide an answer that a second attempt makes good: %s', async (path) => {
    attempts = [];

    const answer = await call(port('flaky'), { path });

    expect(answer).toMatchObject({ status: 200, body: 'recovered' });
    expect(attempts).toHaveLength(2);
  });

  test.each([
    { method: 'GET', status: 200, tries: 2 },
    { method: 'POST', status: 503, tries: 1 },
  ])(
    'by ConnectFailure alone repeat what the application broke off only where it changes nothing: $method',
    async ({ method, status, tries }) => {
      attempts = [];

      const answer = await call(port('spoofing'), { path: '/reset', method });

      expect([answer.status, attempts.length]).toEqual([status, tries]);
      expect(answer.headers['x-meshwright-repeatable']).toBeUndefined();
    },
  );
});

test('an application cannot ask for retries with the words of a sidecar', async () => {
  attempts = [];

  const answer = await call(port('spoofing'), { path: '/503', method: 'POST' });

  expect(answer).toMatchObject({ status: 503, body: 'broken' });
  expect(attempts).toHaveLength(1);
});

test('a server without a sidecar that speaks with the words of one gets a request as often as the route says, and no more', async () => {
  const answer = await call(port('bare'), { method: 'POST', body: 'once' });

  expect(answer).toMatchObject({ status: 503, body: 'a lie' });
  expect(answer.headers).not.toHaveProperty('x-meshwright-not-reached');
  expect(lies).toBe(3);
});

describe('draining endpoints', () => {
  test('get no requests while another is there', async () => {
    expect(await tally('draining', 40)).toEqual(new Map([['v1', 40]]));
  });

  test('serve when no other is left', async () => {
    expect(await tally('only-draining', 5)).toEqual(new Map([['v2', 5]]));
  });
});

test('a binding to a headless service reaches any of its endpoints', async () => {
  const counts = await tally('headless', 40);

  expect(new Set(counts.keys())).toEqual(new Set(['v1', 'v2']));
});

test('the access log of the caller names cluster, route, attempts and the identity of the server', async () => {
  await call(port('matched'), { path: '/new/logged' });

  expect(await caller.logged({ path: '/new/logged' })).toMatchObject({
    log: 'request',
    direction: 'outbound',
    method: 'GET',
    response_code: 200,
    upstream_cluster: 'shop/matched/80/v2',
    route_name: 'to-v2',
    attempts: 1,
    peer: spiffeId('server'),
  });
});
