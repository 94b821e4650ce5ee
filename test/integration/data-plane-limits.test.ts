// What is too much for an application, and how it learns who calls, at its own sidecar: whoever calls, whatever is changed meanwhile.
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { InboundPortIr, LimitsIr, RateLimitIr } from '../../operator/ir/inbound.ts';
import type { MeshIr } from '../../operator/ir/mesh-ir.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { type Answer, call, type Call, ofKubelet, seenBy } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { ServedMesh } from '../support/data-plane/served-mesh.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleRule,
  sampleService,
  sampleWorkload,
  spiffeId,
  sampleProbe,
} from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

let mesh: ServedMesh;
let ports: { readonly page: number; readonly other: number; readonly server: number };
let application = 0;
/** Requests that wait for an answer of the application. */
const waiting: (() => void)[] = [];

beforeAll(async () => {
  application = await startApplication('app', closing, (seen, response) => {
    const answer = (): void => {
      response.statusCode = seen.url === '/broken' ? 500 : 200;
      response.setHeader('content-type', 'application/json').end(JSON.stringify(seen));
    };
    if (seen.url === '/slow') waiting.push(answer);
    else answer();
  });
  ports = { page: await freePort(), other: await freePort(), server: await freePort() };
  mesh = await ServedMesh.start(meshWith(null), closing);
});

function meshWith(limits: LimitsIr | null, parts: Partial<InboundPortIr> = {}): MeshIr {
  const service = sampleService('shop/reviews/80', {
    peerIdentities: [spiffeId('server')],
    endpoints: [sampleEndpoint(ports.server, { mtls: true })],
  });
  const caller = (name: 'page' | 'other'): MeshIr['workloads'][number] =>
    sampleWorkload(name, {
      bindings: [{ address: '127.0.0.1', port: ports[name], service: service.key, protocol: 'HTTP' }],
    });
  const probes = [sampleProbe('/healthy')];
  const inbound = sampleInbound(ports.server, application, { limits, probes, ...parts });
  return sampleMesh({
    services: [service],
    workloads: [caller('page'), caller('other'), sampleWorkload('server', { inbound: [inbound] })],
  });
}

const nothing: LimitsIr = {
  rates: [],
  quotas: [],
  adaptiveConcurrency: null,
  admissionControl: null,
  callerHeaders: [],
  setBy: {},
  origins: [{ kind: 'TrafficPolicy', namespace: 'shop', name: 'reviews', generation: 1 }],
};

/** One request, and no other within the test. */
function oneRequest(parts: Partial<RateLimitIr> = {}): LimitsIr {
  const rate: RateLimitIr = {
    id: 'shop/reviews/one',
    match: { path: null, method: null, headers: [] },
    per: 'All',
    requests: 1,
    periodMs: 3_600_000,
    burst: 1,
    ...parts,
  };
  return { ...nothing, rates: [rate] };
}

/** Buckets are full: nothing of what is remembered is left. */
async function limited(limits: LimitsIr): Promise<void> {
  await mesh.program(meshWith(null));
  await mesh.program(meshWith(limits));
}

async function statuses(from: keyof typeof ports, calls: readonly Call[]): Promise<readonly number[]> {
  const found: number[] = [];
  // oxlint-disable-next-line no-await-in-loop -- in turn
  for (const one of calls) found.push((await call(ports[from], one)).status);
  return found;
}

describe('a rate', () => {
  test('refuses with 429, and says when to come again', async () => {
    // One a minute: the next one is far away, however busy this machine is.
    await limited(oneRequest({ requests: 60, burst: 2 }));

    const first = await call(ports.page);
    await call(ports.page);
    const { status, headers } = await call(ports.page);

    expect(first).toMatchObject({
      status: 200,
      headers: { 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '1' },
    });
    expect({ status, ...headers }).toMatchObject({
      status: 429,
      'retry-after': expect.stringMatching(/^(60|5\d)$/),
      'x-ratelimit-limit': '2',
      'x-ratelimit-remaining': '0',
      'x-meshwright-refused': 'limit/one',
    });
  });

  test('refuses calls of gRPC with RESOURCE_EXHAUSTED', async () => {
    await limited(oneRequest());
    const grpc: Call = { method: 'POST', headers: { 'content-type': 'application/grpc' } };

    await call(ports.page, grpc);

    expect(await call(ports.page, grpc)).toMatchObject({ status: 200, headers: { 'grpc-status': '8' } });
  });

  test('holds for each caller by itself: by its certificate, else by its address, whatever it writes', async () => {
    await limited(oneRequest({ per: 'Caller' }));
    const forged: Call = {
      headers: {
        'x-forwarded-client-cert': 'URI=spiffe://cluster.local/ns/shop/sa/somebody',
        'x-forwarded-for': '192.0.2.7',
        'x-meshwright-limit-caller': 'somebody',
        x_meshwright_limit_caller: 'somebody',
      },
    };

    expect(await statuses('page', [{}, {}, forged])).toEqual([200, 429, 429]);
    expect(await statuses('other', [{}, {}])).toEqual([200, 429]);
    expect(await statuses('server', [forged, {}, forged])).toEqual([200, 429, 429]);
  });

  test('counts callers with and without mutual TLS apart', async () => {
    await limited(oneRequest());

    expect(await statuses('page', [{}, {}])).toEqual([200, 429]);
    expect(await statuses('server', [{}, {}])).toEqual([200, 429]);
  });

  test('is of a path in any spelling, and of nothing else', async () => {
    await limited(
      oneRequest({ match: { path: { type: 'PathPrefix', value: '/a b' }, method: 'GET', headers: [] } }),
    );

    expect(
      await statuses('page', [{ path: '/a' }, { path: '/a%20bc' }, { path: '/a%20b', method: 'POST' }]),
    ).toEqual([200, 200, 200]);
    expect(
      await statuses(
        'page',
        ['/a%20b?x', '/%61%20b', '//a%20b/c', '/x/../a%20b'].map((path) => ({ path })),
      ),
    ).toEqual([200, 429, 429, 429]);
    // Nobody can say what path this is.
    expect(await statuses('page', [{ path: `/${'%2e'.repeat(4_000)}` }])).toEqual([429]);
  });

  test('holds for each value of a header: as far as values are told apart, and for requests without one together', async () => {
    await limited(oneRequest({ per: { header: 'x-user' } }));
    const of = (value: string): Call => ({ headers: { 'x-user': value } });
    const long = 'x'.repeat(200);

    expect(await statuses('page', [of('a'), of('b'), of('a'), {}, {}])).toEqual([200, 200, 429, 200, 429]);
    expect(await statuses('page', [of(`${long}a`), of(`${long}b`)])).toEqual([200, 429]);
  });

  test('holds for each path by itself, without the query', async () => {
    await limited(oneRequest({ per: 'Path' }));

    expect(
      await statuses(
        'page',
        ['/a', '/b?1', '/a?2', '/%62'].map((path) => ({ path })),
      ),
    ).toEqual([200, 200, 429, 429]);
  });

  test('is no affair of the application: it sees nothing of it, and probes reach it', async () => {
    await limited({ ...oneRequest({ per: 'Caller', burst: 3 }) });

    const probe = { path: '/healthy', headers: ofKubelet };
    const { body } = await call(ports.page);
    await statuses('server', [{}, {}, {}]);

    expect(body).not.toContain('x-meshwright-');
    expect(await statuses('server', [{}, probe, probe])).toEqual([429, 200, 200]);
  });

  test('goes on with the count that it has, on connections that exist, when anything else changes', async () => {
    await limited(oneRequest());
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    closing.add(async () => agent.destroy());
    const disturbed = await listenerChanges();

    expect([await ask(agent), await ask(agent)]).toEqual([200, 429]);
    await mesh.program(
      meshWith(oneRequest(), { authorization: { deny: [sampleRule('r', ['nobody'])], allow: 'all' } }),
    );
    expect(await ask(agent)).toBe(429);
    // What refills: a change of limits of this port.
    await mesh.program(meshWith(oneRequest({ burst: 2 })));
    expect([await ask(agent), await ask(agent), await ask(agent)]).toEqual([200, 200, 429]);
    await mesh.program(meshWith(null));
    expect(await ask(agent)).toBe(200);
    expect(await listenerChanges()).toBe(disturbed);
  });

  test('of several, each holds', async () => {
    const [all] = oneRequest({ burst: 3 }).rates;
    const [mine] = oneRequest({ id: 'shop/reviews/mine', per: 'Caller', burst: 2 }).rates;
    await limited({ ...nothing, rates: [mine, all].flatMap((rate) => rate ?? []) });

    const answers: Answer[] = [];
    // oxlint-disable-next-line no-await-in-loop -- in turn
    for (const from of [ports.page, ports.page, ports.page, ports.other, ports.other])
      answers.push(await call(from));

    expect(answers.map(({ status, headers }) => [status, headers['x-meshwright-refused']])).toEqual([
      [200, undefined],
      [200, undefined],
      [429, 'limit/mine'],
      [200, undefined],
      [429, 'limit/one'],
    ]);
  });
});

async function ask(agent: Agent): Promise<number> {
  const outgoing = request({ host: '127.0.0.1', port: ports.page, agent }).end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  await text(response);
  return response.statusCode ?? 0;
}

async function listenerChanges(): Promise<number> {
  const stats = await mesh
    .sidecar('server')
    .stats('^listener_manager\\.listener_(added|modified|in_place_updated|removed)$');
  return [...stats].reduce((sum, [, value]) => sum + value, 0);
}

test('adaptive concurrency lets in what the application can take, and refuses the rest with 503', async () => {
  const adaptive = { max: 100, min: 2, measurementIntervalMs: 60_000, tolerancePercentage: 25 };
  await limited({ ...nothing, adaptiveConcurrency: adaptive });

  const answers = Array.from({ length: 6 }, () => call(ports.page, { path: '/slow' }));
  // While it measures an idle application it lets in two.
  const refused = await firstOf(answers, 4);
  // They may still be on their way to the application.
  await mesh.sidecar('page').waitFor(() => waiting.length === 2);
  for (const answer of waiting.splice(0)) answer();
  const all = await Promise.all(answers);

  expect(refused.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
  expect(all.filter(({ status }) => status === 200).length).toBe(2);
});

function firstOf(answers: readonly Promise<Answer>[], count: number): Promise<readonly Answer[]> {
  const first: Answer[] = [];
  return new Promise((resolve, reject) => {
    const note = async (answer: Promise<Answer>): Promise<void> => {
      if (first.push(await answer) === count) resolve([...first]);
    };
    for (const answer of answers) note(answer).catch(reject);
  });
}

test('admission control refuses a part of the requests while responses are errors', async () => {
  const control = {
    minSuccessPercentage: 95,
    windowMs: 60_000,
    minRequestsPerSecond: 0,
    maxRejectionPercentage: 99,
  };
  await limited({ ...nothing, admissionControl: control });
  const broken = Array.from({ length: 40 }, () => ({ path: '/broken' }));

  const found = await statuses('page', broken);

  expect(found[0]).toBe(500);
  expect(found.filter((status) => status === 503).length).toBeGreaterThan(10);
  await mesh.program(meshWith(null));
  expect(await statuses('page', [{}])).toEqual([200]);
});

describe('the identity of the caller in a header', () => {
  const forged: Call = {
    headers: { 'x-caller': 'admin', x_caller: 'admin', 'X-CALLER': 'root', 'x-callers': 'many' },
  };

  test('is what its certificate says, whatever it sends', async () => {
    await mesh.program(meshWith({ ...nothing, callerHeaders: ['x-caller'] }));

    const { headers } = await seenBy(ports.page, forged);

    expect(headers).toMatchObject({ 'x-caller': spiffeId('page'), 'x-callers': 'many' });
    expect(headers).not.toHaveProperty('x_caller');
  });

  test('is not there for callers without mutual TLS', async () => {
    await mesh.program(meshWith({ ...nothing, callerHeaders: ['x-caller'] }));

    const { headers } = await seenBy(ports.server, forged);

    expect(headers).toMatchObject({ 'x-callers': 'many' });
    expect(Object.keys(headers).filter((name) => /^x.caller$/.test(name))).toEqual([]);
  });

  test('is in each header that one of several Services names, also where names differ in - and _ only', async () => {
    await mesh.program(meshWith({ ...nothing, callerHeaders: ['x-caller', 'x_caller'] }));

    const { headers } = await seenBy(ports.page, forged);

    expect(headers).toMatchObject({ 'x-caller': spiffeId('page'), x_caller: spiffeId('page') });
  });

  test('counts for limits, which callers cannot get around by sending another', async () => {
    await limited({ ...oneRequest({ per: { header: 'x-caller' } }), callerHeaders: ['x-caller'] });

    expect(await statuses('page', [{}, forged])).toEqual([200, 429]);
    expect(await statuses('other', [forged, {}])).toEqual([200, 429]);
  });
});
