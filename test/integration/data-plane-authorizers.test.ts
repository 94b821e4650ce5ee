// What external authorizers decide about requests, over gRPC with mutual TLS and over HTTP, and what happens if they do not.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Handler, Seen } from '../support/data-plane/applications.ts';
import { AuthorizerMesh, service } from '../support/data-plane/authorizer-mesh.ts';
import { call, type Call, ofKubelet, openWebSocket, seenBy } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { answerOf, clientHello } from '../support/data-plane/first-word.ts';
import {
  type Decide,
  denied,
  permitted,
  permittedWith,
  type Question,
} from '../support/data-plane/grpc-authorizer.ts';
import { SteadyLoad } from '../support/data-plane/steady-load.ts';
import { spiffeId } from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

let mesh: AuthorizerMesh;
let decide: Decide;
let answer: Handler;
let questions: Question[];
let checks: Seen[];

const permitting: Handler = (_, response) => response.end();

beforeAll(async () => {
  mesh = await AuthorizerMesh.start(
    {
      grpc: (question) => {
        questions.push(question);
        return decide(question);
      },
      http: (seen, response) => {
        checks.push(seen);
        answer(seen, response);
      },
    },
    closing,
  );
});

beforeEach(() => {
  decide = () => permitted;
  answer = permitting;
  questions = [];
  checks = [];
});

const grpc = (parts: object = {}): object => ({
  service: service.opa,
  protocol: 'GRPC',
  timeout: '10s',
  ...parts,
});
const http = (parts: object = {}): object => ({
  service: service.login,
  protocol: 'HTTP',
  timeout: '10s',
  ...parts,
});

const allow = { name: 'all', action: 'Allow' };

async function statusOf(options: Call = {}, port = mesh.ports.page): Promise<number> {
  return (await call(port, options)).status;
}

describe('an authorizer that speaks gRPC', () => {
  beforeAll(() =>
    mesh.guard({ external: grpc({ upstreamHeaders: ['x-decision'], forwardBody: { maxBytes: 64 } }) }),
  );

  test('is told who calls and what, from certificates and not from headers', async () => {
    const headers = { 'x-forwarded-client-cert': 'URI=spiffe://evil', 'x-group': 'a', 'x-meshwright-x': '1' };

    expect(await statusOf({ method: 'POST', path: '/a?b=c', headers, body: 'what' })).toBe(200);
    const [question] = questions;
    const { source, destination, request } = question?.attributes ?? {};
    expect({ source: source?.principal, destination: destination?.principal }).toEqual({
      source: spiffeId('page'),
      destination: spiffeId('server'),
    });
    expect(request?.http).toMatchObject({ method: 'POST', path: '/a?b=c', headers: { 'x-group': 'a' } });
    expect(Buffer.from(request?.http.raw_body ?? '', 'base64').toString()).toBe('what');
    expect(JSON.stringify(request?.http.headers)).not.toMatch(/evil|x-meshwright/);
  });

  test('refuses with its own status and words, and the log names the policy', async () => {
    decide = () => denied(418, 'not for you');

    expect(await call(mesh.ports.page, { path: '/refused' })).toMatchObject({
      status: 418,
      body: 'not for you',
    });
    const line = await mesh.served.sidecar('server').logged({ path: '/refused' });
    expect(line).toMatchObject({
      response_flags: 'UAEX',
      response_code_details: 'ext_authz_denied',
      authorization: { external_shadow_effective_policy_id: 'shop/policy-0/external-authorizer' },
    });
  });

  test('writes headers that nobody can forge, and no others', async () => {
    decide = () => permittedWith({ 'x-decision': 'yes', 'x-other': 'no', 'x-forwarded-client-cert': 'no' });
    const forged = { 'x-decision': 'forged', X_Decision: 'forged' };

    const { headers } = await seenBy(mesh.ports.page, { headers: forged });
    expect(headers).toMatchObject({ 'x-decision': 'yes' });
    expect(headers).not.toHaveProperty('x_decision');
    expect(headers).not.toHaveProperty('x-other');
    expect(headers['x-forwarded-client-cert']).toContain(spiffeId('page'));

    decide = () => permitted;
    expect((await seenBy(mesh.ports.page, { headers: forged })).headers).not.toHaveProperty('x-decision');
  });

  test('writes headers that nobody can forge either where it is not asked', async () => {
    const upstreamHeaders = ['x-decision'];
    const forged = { 'x-decision': 'forged', X_Decision: 'forged' };
    for (const to of [{ methods: ['POST'] }, { ports: [81] }]) {
      // oxlint-disable-next-line no-await-in-loop -- one policy after the other
      await mesh.guard({ external: grpc({ upstreamHeaders, to: [to] }) });
      // oxlint-disable-next-line no-await-in-loop -- one policy after the other
      const { headers } = await seenBy(mesh.ports.page, { headers: forged });
      expect(Object.keys(headers)).not.toEqual(expect.arrayContaining([expect.stringMatching(/decision/)]));
    }
    expect(questions).toHaveLength(0);
    await mesh.guard({ external: grpc({ upstreamHeaders, forwardBody: { maxBytes: 64 } }) });
  });

  test('changes nothing else of the request but its query', async () => {
    decide = () => ({
      status: { code: 0 },
      ok_response: {
        headers: [':path', ':method', 'host', 'x-meshwright-destination'].map((key) => {
          return { header: { key, value: '/admin' } };
        }),
        headers_to_remove: ['x-forwarded-client-cert', 'x-group', 'x-forwarded-proto'],
        query_parameters_to_set: [{ key: 'b', value: 'changed' }],
        query_parameters_to_remove: ['a'],
      },
    });

    const seen = await seenBy(mesh.ports.page, {
      path: '/a?a=1',
      headers: { 'x-group': 'a', host: 'reviews' },
    });
    expect(seen).toMatchObject({
      method: 'GET',
      url: '/a?b=changed',
      headers: { host: 'reviews', 'x-group': 'a' },
    });
    expect(seen.headers['x-forwarded-client-cert']).toContain(spiffeId('page'));
  });

  test('decides about a larger body by nothing: it is refused, however it comes', async () => {
    expect(await statusOf({ method: 'POST', body: 'x'.repeat(64) })).toBe(200);
    expect(await statusOf({ method: 'POST', body: 'x'.repeat(65) })).toBe(413);
    const headers = { 'transfer-encoding': 'chunked' };
    expect(await statusOf({ method: 'POST', body: 'x'.repeat(65), headers })).toBe(413);
    expect(questions).toHaveLength(1);
  });

  test('sees the beginning of a larger body if the policy says so, and the application gets all of it', async () => {
    const body = 'x'.repeat(100_000);
    await mesh.guard({ external: grpc({ forwardBody: { maxBytes: 64, partial: true } }) });

    expect((await seenBy(mesh.ports.page, { method: 'POST', body })).body).toBe(body);
    expect(Buffer.from(questions[0]?.attributes.request.http.raw_body ?? '', 'base64')).toHaveLength(64);
  });

  test('is not waited for with bodies that it does not get', async () => {
    const body = 'x'.repeat(1_000_000);
    await mesh.guard({ external: grpc() });

    expect((await seenBy(mesh.ports.page, { method: 'POST', body })).body).toBe(body);
  });

  test('decides about WebSockets', async () => {
    await mesh.guard({ external: grpc({ forwardBody: { maxBytes: 64 } }) });
    const socket = await openWebSocket(mesh.ports.page, '/');
    expect(await socket.say('hello')).toBe('hello');
    socket.close();

    decide = () => denied(403, '');
    const headers = { connection: 'upgrade', upgrade: 'websocket' };
    expect(await statusOf({ headers })).toBe(403);
  });

  test('is asked about plaintext callers, too, but not about probes of the kubelet', async () => {
    decide = () => denied(403, '');

    expect(await statusOf({}, mesh.ports.server)).toBe(403);
    expect(questions[0]?.attributes.source.principal ?? '').toBe('');
    expect(await statusOf({ path: '/healthy', headers: ofKubelet }, mesh.ports.server)).toBe(200);
  });
});

describe('an authorizer that speaks HTTP', () => {
  beforeAll(() =>
    mesh.guard({
      external: http({
        pathPrefix: '/oauth2/auth',
        allowedHeaders: ['cookie'],
        upstreamHeaders: ['x-auth-user'],
        responseHeaders: ['set-cookie'],
      }),
    }),
  );

  test('gets the request without its body, and with the headers that it may see', async () => {
    const headers = { cookie: 'a=b', authorization: 'Basic x', 'x-secret': 'y' };

    expect(await statusOf({ method: 'POST', path: '/a?b=c', headers, body: 'what' })).toBe(200);
    expect(checks[0]).toMatchObject({ method: 'POST', url: '/oauth2/auth/a?b=c', body: '' });
    expect(checks[0]?.headers).toMatchObject({ cookie: 'a=b', authorization: 'Basic x' });
    expect(checks[0]?.headers).not.toHaveProperty('x-secret');
  });

  test('is asked for nothing else than what is behind its prefix', async () => {
    const paths = [
      '/../../ping',
      '/a/..',
      '/a/%2e%2e/ping',
      '/a/.%2E;x/ping',
      '/a%2f..%2fping',
      String.raw`/a\..\ping`,
      '/%252e%252e/ping',
      '/%c0%ae%c0%ae/ping',
      '/%e0%80%ae%F0%80%80%AE/ping',
      '/a%fc%80%80%80%80%af.%f8%80%80%80%ae/ping',
      '/a%e0%81%9c../ping',
      '/..;/ping',
    ];
    expect(await Promise.all(paths.map((path) => statusOf({ path })))).toEqual(paths.map(() => 403));
    expect(checks).toHaveLength(0);
    const harmless = ['/a..b', '/a?b=/../c', '/.a', '/a/./b'];
    expect(await Promise.all(harmless.map((path) => statusOf({ path })))).toEqual(harmless.map(() => 200));
  });

  test('adds headers to the request and to the response', async () => {
    answer = (_, response) => {
      response
        .writeHead(200, { 'x-auth-user': 'ann', 'x-other': 'no', 'set-cookie': 's=1', 'x-more': 'no' })
        .end();
    };

    const { headers, body } = await call(mesh.ports.page, { headers: { 'x-auth-user': 'admin' } });
    expect(headers).toMatchObject({ 'set-cookie': ['s=1'] });
    expect(headers).not.toHaveProperty('x-more');
    expect((JSON.parse(body) as Seen).headers).toMatchObject({ 'x-auth-user': 'ann' });
    expect((JSON.parse(body) as Seen).headers).not.toHaveProperty('x-other');
  });

  test('sends the caller elsewhere', async () => {
    answer = (_, response) => {
      response.writeHead(302, { location: 'https://login.example', 'set-cookie': 'state=1' }).end('go there');
    };

    expect(await call(mesh.ports.page)).toMatchObject({
      status: 302,
      headers: { location: 'https://login.example', 'set-cookie': ['state=1'] },
      body: 'go there',
    });
  });
});

describe('an authorizer that speaks with the words of sidecars when it refuses', () => {
  const words = {
    'x-meshwright-not-reached': '1',
    'x-meshwright-repeatable': '1',
    'x-meshwright-reset': 'upstream_reset_before_response_started',
  };

  test('is not believed, so that nobody asks again, and its words end at the sidecar of the caller: GRPC', async () => {
    await mesh.guard({ external: grpc() });
    decide = () => denied(503, 'no', { ...words, 'x-other': 'stays' });

    const { status, headers } = await call(mesh.ports.page);
    expect({ status, headers }).toMatchObject({ status: 503, headers: { 'x-other': 'stays' } });
    expect(Object.keys(headers).filter((name) => name.startsWith('x-meshwright-'))).toEqual([]);
    expect(questions).toHaveLength(1);
  });

  test('is not believed, so that nobody asks again, and its words end at the sidecar of the caller: HTTP', async () => {
    await mesh.guard({ external: http() });
    const twice = Object.fromEntries(Object.entries(words).map(([name, value]) => [name, [value, value]]));
    answer = (_, response) => response.writeHead(403, { ...twice, 'x-other': 'stays' }).end('no');

    const { status, headers } = await call(mesh.ports.page);
    expect({ status, headers }).toMatchObject({ status: 403, headers: { 'x-other': 'stays' } });
    expect(Object.keys(headers).filter((name) => name.startsWith('x-meshwright-'))).toEqual([]);
    expect(checks).toHaveLength(1);
  });
});

describe('beside rules', () => {
  test('is asked only about what they let in', async () => {
    const rules = [
      { name: 'no-deletes', action: 'Deny', to: [{ methods: ['DELETE'] }] },
      { name: 'page', action: 'Allow', from: [{ serviceAccounts: ['shop/page'] }] },
    ];
    await mesh.guard({ rules, external: grpc() });

    expect([await statusOf({ method: 'DELETE' }), await statusOf({}, mesh.ports.server)]).toEqual([403, 403]);
    expect(questions).toHaveLength(0);
    expect(await statusOf()).toBe(200);
    expect(questions).toHaveLength(1);
  });

  test('is asked about what may be one of its requests, in any reading of the path', async () => {
    await mesh.guard({ external: grpc({ to: [{ paths: [{ value: '/admin' }] }] }) });
    decide = () => denied(403, '');

    const paths = ['/', '/administrator', '/admin', '/%61dmin', '/x/../admin', '//admin', '/admin;x'];
    const statuses = await Promise.all(paths.map((path) => statusOf({ path })));
    expect(statuses).toEqual([200, 200, 403, 403, 403, 403, 403]);
  });

  test('all authorizers must permit a request', async () => {
    await mesh.guard({ external: grpc() }, { external: http() });
    expect([await statusOf(), questions.length, checks.length]).toEqual([200, 1, 1]);

    answer = (_, response) => response.writeHead(401).end();
    expect(await statusOf()).toBe(401);
    decide = () => denied(403, '');
    expect([await statusOf(), checks.length]).toEqual([403, 2]);
  });
});

describe('an authorizer that fails', () => {
  const silent: Decide = () => null;
  const broken: Handler = (_, response) => response.writeHead(500).end();

  test.each([
    ['Deny', 503],
    ['Allow', 200],
  ])('with failureMode %s: %d', async (failureMode, status) => {
    const timeout = '100ms';
    await mesh.guard({ external: { ...grpc({ timeout, failureMode }) } });
    decide = silent;
    expect(await statusOf()).toBe(status);

    await mesh.guard({ external: http({ failureMode }) });
    answer = broken;
    expect(await statusOf()).toBe(status);

    await mesh.guard({ external: { ...http({ failureMode }), service: service.gone } });
    expect(await statusOf()).toBe(status);
    await mesh.guard({ external: { ...grpc({ failureMode }), service: service.gone } });
    expect(await statusOf()).toBe(status);
  });

  test('refuses all the same what it refuses', async () => {
    await mesh.guard({ external: grpc({ failureMode: 'Allow' }) });
    decide = () => denied(403, '');
    expect(await statusOf()).toBe(403);
  });

  test('is told in the log and in a header', async () => {
    await mesh.guard({ external: { ...grpc(), service: service.gone } });

    const { headers } = await call(mesh.ports.page, { path: '/failed' });
    expect(headers).toMatchObject({ 'x-meshwright-refused': 'authorizer-failed' });
    const line = await mesh.served.sidecar('server').logged({ path: '/failed' });
    expect(line).toMatchObject({ response_code_details: 'ext_authz_error' });
  });
});

test('a policy holds from the next request on, and no longer when it is gone', async () => {
  await mesh.guard();
  decide = () => denied(403, '');
  expect(await statusOf()).toBe(200);
  await mesh.guard({ external: grpc() });
  expect(await statusOf()).toBe(403);
  await mesh.guard();
  expect(await statusOf()).toBe(200);
});

test('TLS of the application itself, of which nothing can be asked, does not get in', async () => {
  const hello = await clientHello('reviews');
  await mesh.guard({ rules: [allow] });
  expect(await answerOf(mesh.ports.server, hello)).toBe('HT');
  await mesh.guard({ external: grpc() });
  expect(await answerOf(mesh.ports.server, hello)).toBe('nobody');
});

describe('while one authorizer takes the place of another', () => {
  const callers = 2;

  /** The former one is not reached any more after each step. */
  async function replace(steps: readonly object[]): Promise<Awaited<ReturnType<SteadyLoad['stop']>>> {
    const load = SteadyLoad.start(mesh.ports.page, closing, { callers });
    for (const step of steps) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await mesh.guard(step);
      const sent = load.sent;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await mesh.served.sidecar('page').waitFor(() => load.sent > sent + 10);
    }
    return load.stop();
  }

  test.each([
    ['Deny', 503],
    ['Allow', 200],
  ])('a question that is interrupted ends as failureMode says: %s', async (failureMode, status) => {
    decide = () => null;
    await mesh.guard({ external: grpc({ failureMode }) });
    const asked = statusOf();
    await mesh.served.sidecar('page').waitFor(() => questions.length > 0);
    await mesh.guard({ external: http({ failureMode }) });

    expect(await asked).toBe(status);
  });

  test('who is refused by both does not get in, unless the question is interrupted and failureMode is Allow', async () => {
    decide = () => denied(403, '');
    answer = (_, response) => response.writeHead(403).end();
    const failureMode = 'Allow';
    await mesh.guard({ external: grpc({ failureMode }) });

    const steps = [http, grpc, http, grpc].map((external) => ({ external: external({ failureMode }) }));
    const { sent, failures } = await replace(steps);
    // Envoy ends the questions to an authorizer that goes; failureMode says what becomes of the few that are asked at that moment.
    expect(sent - failures.length).toBeLessThanOrEqual(steps.length * callers);
    expect(failures.length).toBeGreaterThan(2 * steps.length * callers);
    expect(failures.filter((failure) => !failure.startsWith('403'))).toEqual([]);
    expect(Math.min(questions.length, checks.length)).toBeGreaterThan(0);
  });

  test('no request is refused that both permit, or that nobody is asked about', async () => {
    await mesh.guard({ external: grpc() });

    const steps = [http, grpc].flatMap((external) => [{ external: external() }, { rules: [allow] }]);
    const { sent, failures } = await replace(steps);
    // As above: with failureMode Deny.
    expect(failures.filter((failure) => !failure.startsWith('503'))).toEqual([]);
    expect(failures.length).toBeLessThanOrEqual(steps.length * callers);
    expect(sent).toBeGreaterThan(4 * steps.length * callers);
  });
});
