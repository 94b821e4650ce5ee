// Rules of SecurityPolicies as users write them, on real Envoys: what they say of callers, addresses, hosts, headers and ports, and what is tried
// to get around them.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SecurityPolicySpec } from '../../api/v1alpha1/security/policy.ts';
import { decisionHeader } from '../../operator/envoy/resources/names.ts';
import type { AuthorizationIr } from '../../operator/ir/inbound.ts';
import { policyRules } from '../../operator/translate/policies/security/authorization.ts';
import { startApplication, startGreeter } from '../support/data-plane/applications.ts';
import { call, converse, listenOnly } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { type Sidecar, startSidecars } from '../support/data-plane/sidecars.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  sampleEndpoint,
  sampleIdentity,
  sampleInbound,
  sampleMesh,
  sampleService,
  sampleWorkload,
  spiffeId,
  withAllLines,
} from '../support/mesh-samples.ts';

const greeting = 'welcome';
const closing = new Closing();
afterAll(() => closing.close());

type Caller = 'friend' | 'proxy' | 'partner';
const identities: Readonly<Record<Caller, string>> = {
  friend: spiffeId('friend'),
  proxy: spiffeId('proxy'),
  partner: 'spiffe://partner.example/ns/shop/sa/friend',
};

const allow = (from: readonly object[], to: readonly object[] = []): object => ({
  rules: [{ name: 'rule', action: 'Allow', from, to }],
});
const deny = (from: readonly object[], to: readonly object[] = []): object => ({
  rules: [{ name: 'rule', action: 'Deny', from, to }],
});
const ignoring = (authorization: object): object => ({ ...authorization, unidentified: 'Ignore' });
const account = (name: string): object => ({ serviceAccounts: [`shop/${name}`] });
const viaProxy = { remoteIPBlocks: ['198.51.100.0/24', '2001:db8::/32'] };

/** Name → authorization of a policy. */
const guards = {
  open: undefined,
  nobody: { rules: [] },
  'allow partner': allow([{ principals: [identities.partner] }]),
  'deny partner': ignoring(deny([{ principals: [identities.partner] }])),
  'deny friend as principal': ignoring(deny([{ principals: [identities.friend] }])),
  'allow all but friend': allow([{ not: account('friend') }]),
  'deny all but friend': deny([{ not: account('friend') }]),
  'deny all but friend, ignoring': ignoring(deny([{ not: account('friend') }])),
  'allow network': allow([{ ipBlocks: ['127.1.0.0/16', '127.2.0.1'] }]),
  'allow mapped network': allow([{ ipBlocks: ['::ffff:7f01:0/112'] }]),
  'allow IPv6': allow([{ ipBlocks: ['::/0'] }]),
  'deny network': deny([{ ipBlocks: ['127.1.0.0/16'] }]),
  'deny outside of network': deny([{ not: { ipBlocks: ['127.0.0.0/16'] } }]),
  'allow clients of proxy': allow([{ ...account('proxy'), ...viaProxy }]),
  'deny clients of proxy': deny([{ ...account('proxy'), ...viaProxy }]),
  'deny other clients of proxy': deny([{ ...account('proxy'), not: viaProxy }]),
  'allow clients of a load balancer': allow([{ ipBlocks: ['127.1.0.1'], ...viaProxy }]),
  'allow host': allow([], [{ hosts: ['shop.example', '*.shop.example'] }]),
  'deny host': deny([], [{ hosts: ['admin.example', '*.admin.example'] }]),
  'allow header': allow([], [{ headers: [{ name: 'x-group', value: 'admin' }] }]),
  'allow header matching': allow(
    [],
    [{ headers: [{ name: 'x-group', type: 'RegularExpression', value: 'adm.*' }] }],
  ),
  'deny header': deny([], [{ headers: [{ name: 'x-group', value: 'admin' }] }]),
  'deny header matching': deny(
    [],
    [{ headers: [{ name: 'x-group', type: 'RegularExpression', value: 'adm.*' }] }],
  ),
  'deny header present': deny([], [{ headers: [{ name: 'x-debug-me', type: 'Present' }] }]),
  'allow without header': allow([], [{ not: { headers: [{ name: 'x-group', value: 'admin' }] } }]),
  'deny method': deny([], [{ methods: ['DELETE'] }]),
  'allow other methods': allow([], [{ not: { methods: ['DELETE'] } }]),
  'deny other methods': deny([], [{ not: { methods: ['GET'] } }]),
  'allow other paths': allow([], [{ not: { paths: [{ value: '/admin' }] } }]),
  'deny other paths': deny([], [{ not: { paths: [{ value: '/public' }] } }]),
  'tcp: allow partner': allow([{ principals: [identities.partner] }]),
  'tcp: deny partner': ignoring(deny([{ principals: [identities.partner] }])),
  'tcp: deny all but friend': deny([{ not: account('friend') }]),
  'tcp: allow all but friend': allow([{ not: account('friend') }]),
  'tcp: allow network': allow([{ ipBlocks: ['0.0.0.0/0'] }]),
  'tcp: deny friend of network': ignoring(deny([{ ...account('friend'), ipBlocks: ['10.0.0.0/8'] }])),
} as const;
type Guard = keyof typeof guards;

/** Name → what is in force beside what is on trial; responses name the rule that decided. */
const trials: Readonly<Record<string, { readonly enforced?: object; readonly onTrial?: object }>> = {
  'trial: deny path': { onTrial: deny([], [{ paths: [{ value: '/admin' }] }]) },
  'trial: allow partner': { onTrial: allow([{ principals: [identities.partner] }]) },
  'trial: both': {
    enforced: deny([], [{ methods: ['DELETE'] }]),
    onTrial: {
      rules: [
        { name: 'no-admin', action: 'Deny', to: [{ paths: [{ value: '/admin' }] }] },
        { name: 'partner', action: 'Allow', from: [{ principals: [identities.partner] }] },
      ],
    },
  },
  'told: rules': {
    enforced: {
      rules: [
        { name: 'no-admin', action: 'Deny', to: [{ paths: [{ value: '/admin' }] }] },
        { name: 'readers', action: 'Allow', to: [{ methods: ['GET'] }] },
      ],
    },
  },
  'told: no rules': {},
};

/** Which of these says something about its own port. */
const aboutPorts = {
  'its port': 0,
  'another port': 1,
  'all but its port': 2,
  'tcp: another port': 3,
  'tcp: its port': 4,
};

function authorizationOf(
  authorization: object | undefined,
  protocol: 'HTTP' | 'TCP',
  port: number,
): AuthorizationIr {
  const spec = SecurityPolicySpec.parse({
    targetRefs: [{ kind: 'Deployment', name: 'server' }],
    mtls: { mode: 'Permissive' },
    authorization,
  });
  const policy = {
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'SecurityPolicy',
    metadata: { namespace: 'shop', name: 'guard' },
    spec,
  } as const;
  return policyRules(policy, 'cluster.local', { protocol, port, knownPorts: new Set([port]) });
}

/** `friend/open` → where that caller's application reaches the guarded application. */
const at = new Map<string, number>();
let server: Sidecar;

beforeAll(async () => {
  const echo = await startApplication('echo', closing, (seen, response) => {
    response.setHeader(decisionHeader, 'a lie').end(JSON.stringify(seen));
  });
  const greeter = await startGreeter(greeting, closing);
  const denyPort = (port: number): object => deny([], [{ ports: [port] }]);
  const ofPorts: Readonly<Record<keyof typeof aboutPorts, (port: number) => object>> = {
    'its port': denyPort,
    'another port': (port) => denyPort(port === 1 ? 2 : 1),
    'all but its port': (port) => deny([], [{ not: { ports: [port] } }]),
    'tcp: another port': (port) => allow([], [{ ports: [port === 1 ? 2 : 1] }]),
    'tcp: its port': (port) => allow([], [{ ports: [port] }]),
  };
  const all: readonly (readonly [string, (port: number) => object | undefined])[] = [
    ...Object.entries(guards).map(([name, authorization]) => [name, () => authorization] as const),
    ...Object.entries(ofPorts),
  ];
  const named = await Promise.all(
    all.map(async ([name, authorization]) => {
      const protocol = name.startsWith('tcp: ') ? 'TCP' : 'HTTP';
      const port = await freePort();
      at.set(`plaintext/${name}`, port);
      const inbound = sampleInbound(port, protocol === 'TCP' ? greeter : echo, {
        protocol,
        mtls: 'Permissive',
        authorization: authorizationOf(authorization(port), protocol, port),
      });
      return { name, inbound };
    }),
  );
  for (const [name, { enforced, onTrial }] of Object.entries(trials)) {
    // oxlint-disable-next-line no-await-in-loop -- each port once
    const port = await freePort();
    at.set(`plaintext/${name}`, port);
    const inbound = sampleInbound(port, echo, {
      mtls: 'Permissive',
      authorization: authorizationOf(enforced, 'HTTP', port),
      audit: onTrial === undefined ? null : authorizationOf(onTrial, 'HTTP', port),
      namesRule: name.startsWith('told: '),
    });
    named.push({ name, inbound });
  }
  const services = named.map(({ name, inbound }) =>
    sampleService(`shop/${name.replaceAll(/[^a-z]+/g, '-')}/80`, {
      protocol: inbound.protocol,
      peerIdentities: [spiffeId('server')],
      endpoints: [sampleEndpoint(inbound.port, { mtls: true })],
    }),
  );
  const callers = await Promise.all(
    (Object.keys(identities) as Caller[]).map(async (caller) => {
      const bindings = await Promise.all(
        services.map(async ({ key, protocol }, index) => {
          const port = await freePort();
          at.set(`${caller}/${named[index]?.name}`, port);
          return { address: '127.0.0.1', port, service: key, protocol };
        }),
      );
      const identity = { ...sampleIdentity(caller), spiffeId: identities[caller] };
      return sampleWorkload(caller, { bindings, identity });
    }),
  );
  const inbound = named.map((it) => it.inbound).toSorted((a, b) => a.port - b.port);
  const workloads = [...callers, sampleWorkload('server', { inbound })];
  const sidecars = await startSidecars(withAllLines(sampleMesh({ services, workloads })), closing);
  server = sidecars.get('server') as Sidecar;
});

function via(caller: Caller | 'plaintext', guard: string): number {
  const port = at.get(`${caller}/${guard}`);
  if (port === undefined) throw new Error(`nobody listens for ${caller}/${guard}`);
  return port;
}

type Asked = NonNullable<Parameters<typeof call>[1]> & { readonly as?: Caller };

async function statusOf(
  guard: Guard | keyof typeof aboutPorts,
  { as, ...asked }: Asked = {},
): Promise<number> {
  return (await call(via(as ?? 'plaintext', guard), asked)).status;
}

describe('default-deny in one line', () => {
  test('refuses everybody', async () => {
    expect([await statusOf('nobody', { as: 'friend' }), await statusOf('nobody')]).toEqual([403, 403]);
  });
});

describe('identities', () => {
  test.each<readonly [Guard, ...(readonly number[])]>([
    // friend, partner, plaintext
    ['open', 200, 200, 200],
    ['allow partner', 403, 200, 403],
    ['deny partner', 200, 403, 200],
    // Of the trust domain of the mesh, in any: as service accounts are.
    ['deny friend as principal', 403, 403, 200],
    // A caller without a certificate could be the friend.
    ['allow all but friend', 403, 403, 403],
    ['deny all but friend', 200, 403, 403],
    ['deny all but friend, ignoring', 200, 403, 200],
  ])('%s: friend %i, partner %i, plaintext %i', async (guard, ...statuses) => {
    expect([
      await statusOf(guard, { as: 'friend' }),
      await statusOf(guard, { as: 'partner' }),
      await statusOf(guard),
    ]).toEqual(statuses);
  });
});

describe('networks', () => {
  test.each<readonly [Guard, string, number]>([
    ['allow network', '127.1.2.3', 200],
    ['allow network', '127.2.0.1', 200],
    ['allow network', '127.2.0.2', 403],
    ['allow mapped network', '127.1.2.3', 200],
    ['allow mapped network', '127.0.0.1', 403],
    ['allow IPv6', '127.0.0.1', 403],
    ['deny network', '127.1.2.3', 403],
    ['deny network', '127.0.0.1', 200],
    ['deny outside of network', '127.1.2.3', 403],
    ['deny outside of network', '127.0.2.3', 200],
  ])('%s, from %s: %i', async (guard, from, status) => {
    expect(await statusOf(guard, { from })).toBe(status);
  });

  test.each(['x-forwarded-for', 'x-real-ip', 'forwarded', 'x-envoy-external-address', 'true-client-ip'])(
    'are of the connection, whatever %s says',
    async (name) => {
      const lie = { [name]: name === 'forwarded' ? 'for=127.1.2.3' : '127.1.2.3' };
      const way = { [name]: name === 'forwarded' ? 'for=127.0.0.1' : '127.0.0.1' };

      expect(await statusOf('allow network', { from: '127.0.0.1', headers: lie })).toBe(403);
      expect(await statusOf('deny network', { from: '127.1.2.3', headers: way })).toBe(403);
    },
  );
});

describe('clients of proxies', () => {
  const forwarded = (value: string | readonly string[]): NonNullable<Asked['headers']> => ({
    'x-forwarded-for': value,
  });
  const inside = [
    '198.51.100.7',
    '203.0.113.1, 198.51.100.7',
    '203.0.113.1,198.51.100.7',
    '::ffff:198.51.100.7',
    '2001:DB8::7',
  ];
  const outside = ['203.0.113.1', '198.51.100.7, 203.0.113.1', '198.51.100.7,203.0.113.1', '2001:db9::1'];
  const unknown = [
    '',
    'unknown',
    '198.51.100.7, unknown',
    '198.51.100.7:443',
    '198.51.100.7,',
    '[2001:db8::7]:80',
    '198.51.100.007',
    '198.51.100.7 x',
  ];

  test.each([
    ...inside.map((value) => ({ value, statuses: [200, 403, 200] })),
    ...outside.map((value) => ({ value, statuses: [403, 200, 403] })),
    // Whom the proxy calls for is not known: nobody is allowed for that, and everybody is denied.
    ...unknown.map((value) => ({ value, statuses: [403, 403, 403] })),
  ])('the last address that the proxy wrote counts: "$value"', async ({ value, statuses }) => {
    const asked: Asked = { as: 'proxy', headers: forwarded(value) };

    expect([
      await statusOf('allow clients of proxy', asked),
      await statusOf('deny clients of proxy', asked),
      await statusOf('deny other clients of proxy', asked),
    ]).toEqual(statuses);
  });

  test('of several headers, the last one', async () => {
    const lines = (one: string, other: string): Asked => ({ as: 'proxy', headers: forwarded([one, other]) });

    expect(await statusOf('allow clients of proxy', lines('198.51.100.7', '203.0.113.1'))).toBe(403);
    expect(await statusOf('allow clients of proxy', lines('203.0.113.1', '198.51.100.7'))).toBe(200);
  });

  test('a proxy that says nothing is not its own client', async () => {
    expect(await statusOf('allow clients of proxy', { as: 'proxy' })).toBe(403);
    expect(await statusOf('deny clients of proxy', { as: 'proxy' })).toBe(403);
  });

  test('nobody else is believed', async () => {
    const headers = forwarded('198.51.100.7');

    expect(await statusOf('allow clients of proxy', { as: 'friend', headers })).toBe(403);
    expect(await statusOf('allow clients of proxy', { headers })).toBe(403);
    expect(await statusOf('deny clients of proxy', { as: 'friend', headers })).toBe(200);
    // Who comes without a certificate could be the proxy.
    expect(await statusOf('deny clients of proxy', { headers })).toBe(403);
  });

  test('proxies outside of the mesh are known by their addresses', async () => {
    const headers = forwarded('198.51.100.7');

    expect(await statusOf('allow clients of a load balancer', { from: '127.1.0.1', headers })).toBe(200);
    expect(await statusOf('allow clients of a load balancer', { from: '127.1.0.2', headers })).toBe(403);
  });
});

describe('hosts', () => {
  test.each<readonly [host: string, allowed: boolean]>([
    ['shop.example', true],
    ['Shop.Example:8080', true],
    ['a.shop.example', true],
    ['a.b.shop.example:80', true],
    ['shop.example.evil', false],
    ['evilshop.example', false],
    ['.shop.example', false],
    ['shop.example.', false],
    ['shop.example:80@evil', false],
    ['evil:80.shop.example', false],
    ['shop.example:99999999', false],
  ])('an Allow rule and the host %s: %s', async (host, allowed) => {
    const status = await statusOf('allow host', { headers: { host } });

    // What is no host at all, Envoy refuses itself.
    expect(status === 200).toBe(allowed);
    expect([200, 400, 403]).toContain(status);
  });

  test.each([
    'admin.example',
    'ADMIN.example',
    'admin.example:80',
    'admin.example.',
    'admin.example.:80',
    'a.admin.example',
    'a.admin.example.',
    'x@admin.example',
    'admin.example:80@x',
    'admin%2eexample',
  ])('a Deny rule and the host %s', async (host) => {
    expect([400, 403]).toContain(await statusOf('deny host', { headers: { host } }));
  });

  test('a Deny rule and another host', async () => {
    expect(await statusOf('deny host', { headers: { host: 'shop.example:80' } })).toBe(200);
    expect(await statusOf('deny host', { headers: { host: '[::1]:80' } })).toBe(200);
    expect(await statusOf('deny host', { headers: { host: 'notadmin.example' } })).toBe(200);
  });

  const raw = (...lines: readonly string[]): string => [...lines, 'connection: close', '', ''].join('\r\n');
  test.each([
    ['absolute form', raw('GET http://admin.example/ HTTP/1.1', 'host: shop.example')],
    ['absolute form in capitals', raw('GET HTTP://ADMIN.example/ HTTP/1.1', 'host: shop.example')],
    ['two hosts', raw('GET / HTTP/1.1', 'host: shop.example', 'host: admin.example')],
    ['two hosts, the other way', raw('GET / HTTP/1.1', 'host: admin.example', 'host: shop.example')],
    ['no host', raw('GET / HTTP/1.1')],
    ['an empty host', raw('GET / HTTP/1.1', 'host: ')],
    ['HTTP/1.0 in absolute form', raw('GET http://admin.example/ HTTP/1.0', 'host: shop.example')],
    ['a space', raw('GET / HTTP/1.1', 'host: shop.example admin.example')],
  ])('a Deny rule, and %s', async (_, request) => {
    const answer = await converse(via('plaintext', 'deny host'), request);

    expect(answer).not.toContain(' 200 ');
  });

  test('an Allow rule reads the host of the absolute form, which the application gets', async () => {
    const evil = await converse(
      via('plaintext', 'allow host'),
      raw('GET http://evil.example/ HTTP/1.1', 'host: shop.example'),
    );
    const good = await converse(
      via('plaintext', 'allow host'),
      raw('GET http://shop.example/ HTTP/1.1', 'host: evil.example'),
    );

    expect(evil).toContain(' 403 ');
    expect(good).toContain(' 200 ');
    expect(good).not.toContain('evil.example');
  });
});

describe('headers', () => {
  test.each<readonly [Guard, NonNullable<Asked['headers']>, number]>([
    ['allow header', { 'X-Group': 'admin' }, 200],
    ['allow header', { 'x-group': 'Admin' }, 403],
    ['allow header', {}, 403],
    ['allow header', { 'x-group': ['admin', 'guest'] }, 200],
    ['allow header', { 'x-group': 'admin, guest' }, 403],
    ['allow header matching', { 'x-group': 'admin' }, 200],
    ['allow header matching', { 'x-group': 'guest' }, 403],
    ['allow header', { 'x-group': 'admin', x_group: 'guest' }, 403],
    ['allow header', { x_group: 'admin' }, 403],
    ['deny header', {}, 200],
    ['deny header', { 'x-group': 'guest' }, 200],
    ['deny header', { 'x-group': 'admins' }, 200],
    ['deny header', { 'x-group': 'admin' }, 403],
    ['deny header', { 'x-group': ['guest', 'admin'] }, 403],
    ['deny header', { 'x-group': ['admin', 'guest'] }, 403],
    ['deny header', { 'x-group': 'guest ,\tadmin , other' }, 403],
    ['deny header', { x_group: 'admin' }, 403],
    ['deny header', { 'x-group': '\u00FF, admin' }, 403],
    ['deny header', { 'x-group': 'admin,caf\u00E9' }, 403],
    ['deny header matching', { 'x-group': ['guest', 'administrator'] }, 403],
    ['deny header matching', { 'x-group': 'guest' }, 200],
    ['deny header matching', { 'x-group': 'admin\u00FF' }, 403],
    ['deny header present', { 'x-debug-me': '' }, 403],
    ['deny header present', { 'x-debug_me': '1' }, 403],
    ['deny header present', { X_Debug_Me: '1' }, 403],
    ['deny header present', { 'x-debug': '1' }, 200],
    ['allow without header', {}, 200],
    ['allow without header', { 'x-group': 'guest' }, 200],
    ['allow without header', { 'x-group': ['guest', 'admin'] }, 403],
    ['allow without header', { x_group: 'guest' }, 403],
  ])('%s, and %j: %i', async (guard, headers, status) => {
    expect(await statusOf(guard, { headers })).toBe(status);
  });
});

describe('methods and paths', () => {
  test.each<readonly [Guard, string, string, number]>([
    ['deny method', 'DELETE', '/', 403],
    ['deny method', 'GET', '/', 200],
    ['allow other methods', 'DELETE', '/', 403],
    ['allow other methods', 'GET', '/', 200],
    ['deny other methods', 'GET', '/', 200],
    ['deny other methods', 'POST', '/', 403],
    ['allow other paths', 'GET', '/public', 200],
    ['allow other paths', 'GET', '/admin', 403],
    ['deny other paths', 'GET', '/public/x', 200],
    ['deny other paths', 'GET', '/admin', 403],
  ])('%s, and %s %s: %i', async (guard, method, path, status) => {
    expect(await statusOf(guard, { method, path })).toBe(status);
  });

  const below = [
    '/public/../admin',
    '/public/..%2fadmin',
    '/public/%2e%2e/admin',
    '/public/..;/admin',
    String.raw`/public\..\admin`,
    '/public%2f..%2fadmin',
  ];
  const spellings = [
    '/%61dmin',
    '//admin',
    '/./admin',
    '/x/../admin',
    '/admin/',
    '/admin;x',
    '/;x/admin',
    '/admin?x',
  ];
  const odd = ['/admin%00', '/%00/admin', '/%c0%af../admin', '/admin#x'];

  test.each([...below, ...spellings, '/admin%00', '/%00/admin', '/admin#x'])(
    'a path that an Allow rule leaves out is so in any reading: %s',
    async (path) => {
      expect([400, 403]).toContain(await statusOf('allow other paths', { path }));
    },
  );

  test.each([...below, ...spellings, ...odd])(
    'a path that a Deny rule leaves out has to be so in every reading: %s',
    async (path) => {
      expect([400, 403]).toContain(await statusOf('deny other paths', { path }));
    },
  );

  test.each(['delete', 'Delete', 'DELETE '])(
    'a method that is denied is so in any spelling: %j',
    async (method) => {
      const request = `${method} / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`;

      expect(await converse(via('plaintext', 'deny method'), request)).not.toContain(' 200 ');
      expect(await converse(via('plaintext', 'deny other methods'), request)).not.toContain(' 200 ');
    },
  );
});

describe('ports', () => {
  test('a rule about the port holds there, one about another does not', async () => {
    expect(await statusOf('its port')).toBe(403);
    expect(await statusOf('another port')).toBe(200);
    expect(await statusOf('all but its port')).toBe(200);
  });

  test('on connections, too', async () => {
    expect(await listenOnly(via('friend', 'tcp: its port'), greeting.length)).toBe(greeting);
    expect(await listenOnly(via('friend', 'tcp: another port'), greeting.length)).toBe('');
  });
});

describe('connections', () => {
  test.each<readonly [Guard, boolean, boolean, boolean]>([
    // friend, partner, plaintext
    ['tcp: allow partner', false, true, false],
    ['tcp: deny partner', true, false, true],
    ['tcp: deny all but friend', true, false, false],
    ['tcp: allow all but friend', false, false, false],
    // Addresses are not compared: nobody is allowed by them, and whoever else a rule names is denied.
    ['tcp: allow network', false, false, false],
    ['tcp: deny friend of network', false, false, true],
  ])('%s: friend %s, partner %s, plaintext %s', async (guard, ...admitted) => {
    const heard = [
      await listenOnly(via('friend', guard), greeting.length),
      await listenOnly(via('partner', guard), greeting.length),
      await listenOnly(via('plaintext', guard), greeting.length),
    ];

    expect(heard).toEqual(admitted.map((may) => (may ? greeting : '')));
  });
});

describe('rules on trial', () => {
  test.each<readonly [string, Asked, authorization: object | undefined]>([
    ['trial: deny path', { path: '/public' }, { audit_deny_shadow_engine_result: 'allowed' }],
    [
      'trial: deny path',
      { path: '//admin' },
      { audit_deny_shadow_engine_result: 'denied', audit_deny_shadow_effective_policy_id: 'shop/guard/rule' },
    ],
    ['trial: allow partner', { as: 'friend' }, { audit_allow_shadow_engine_result: 'denied' }],
    [
      'trial: allow partner',
      { as: 'partner' },
      {
        audit_allow_shadow_engine_result: 'allowed',
        audit_allow_shadow_effective_policy_id: 'shop/guard/rule',
      },
    ],
    [
      'trial: both',
      { path: '/admin' },
      {
        deny_enforced_engine_result: 'allowed',
        audit_deny_shadow_engine_result: 'denied',
        audit_deny_shadow_effective_policy_id: 'shop/guard/no-admin',
        audit_allow_shadow_engine_result: 'denied',
      },
    ],
  ])(
    'refuse nobody, and the access log tells what they would do: %s, %j',
    async (guard, { as, ...asked }, told) => {
      const id = randomUUID();
      const answer = await call(via(as ?? 'plaintext', guard), { ...asked, headers: { 'x-request-id': id } });

      expect(answer.status).toBe(200);
      expect((await server.logged({ request_id: id, direction: 'inbound' }))['authorization']).toEqual(told);
    },
  );

  test('say nothing of requests that are refused anyway', async () => {
    const id = randomUUID();
    const headers = { 'x-request-id': id };
    const { status } = await call(via('plaintext', 'trial: both'), {
      method: 'DELETE',
      path: '/admin',
      headers,
    });

    expect(status).toBe(403);
    expect((await server.logged({ request_id: id }))['authorization']).toEqual({
      deny_enforced_engine_result: 'denied',
      deny_enforced_effective_policy_id: 'shop/guard/rule',
    });
  });

  test('are counted: who would be refused, by which rule', async () => {
    await call(via('plaintext', 'trial: both'), { path: '/admin', from: '127.0.0.9' });
    await call(via('friend', 'trial: both'), { path: '/public' });

    const named = async (source: string): Promise<string | undefined> =>
      [...(await server.stats('audit_refusals')).keys()].find((name) => name.includes(source));
    expect(await server.waitFor(() => named('127.0.0.9'))).toContain('shop/guard/no-admin');
    expect(await server.waitFor(() => named('sa/friend'))).toBeDefined();
  });
});

describe('the rule that decides', () => {
  test.each<readonly [Asked, number, string | undefined]>([
    [{ path: '/public' }, 200, 'shop/guard/readers'],
    [{ path: '/admin' }, 403, 'shop/guard/no-admin'],
    [{ method: 'POST', path: '/public' }, 403, 'denied'],
  ])('is in a response header where a policy asks for it: %j', async (asked, status, told) => {
    const answer = await call(via('plaintext', 'told: rules'), asked);

    expect([answer.status, answer.headers[decisionHeader]]).toEqual([status, told]);
  });

  test('is not made up by the application', async () => {
    expect((await call(via('plaintext', 'told: no rules'))).headers[decisionHeader]).toBeUndefined();
  });

  test('has counters of its own', async () => {
    await call(via('plaintext', 'told: rules'), { path: '/admin' });
    await call(via('plaintext', 'told: rules'), { path: '/public' });

    const counters = await server.stats(`inbound_${via('plaintext', 'told: rules')}_plaintext.rbac`);
    const rules = [...counters].filter(([name, value]) => name.includes('shop/guard/') && value > 0);
    expect(rules.map(([name]) => name.replace(/^http\.inbound_\d+_plaintext\./, '')).toSorted()).toEqual([
      'rbac.policy.shop/guard/no-admin.denied',
      'rbac.policy.shop/guard/readers.allowed',
    ]);
  });
});
