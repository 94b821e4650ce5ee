// Calls to hosts outside the mesh, in mode RegistryOnly with an allow list: real connections, redirected by the rules of a Pod, through a real
// Envoy, to real hosts with names of their own. Most of it is what a workload may try to get around the list.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { admit } from '../../api/admission.ts';
import type { AllowedHostIr } from '../../operator/ir/allowed-host.ts';
import { allowedHosts } from '../../operator/translate/facts/allowed-hosts.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { hostPorts, OutsideWorld } from '../support/data-plane/outside-world.ts';
import { sampleEndpoint, sampleService } from '../support/mesh-samples.ts';
import { ipv6Of, podNetworkAvailable } from '../support/pod-network/network.ts';
import type { Outcome } from '../support/pod-network/outgoing.ts';

const available = await podNetworkAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const suite = available.available ? describe : describe.skip;

const api = { name: 'api.example.com', address: '10.1.0.101' };
const evil = { name: 'evil.example.net', address: '10.1.0.102' };
/** Nobody has it. */
const nowhere = '203.0.113.1';

const tls = (host: string, port: number = hostPorts.tls): AllowedHostIr => ({
  host,
  port,
  protocol: 'TLS',
  tls: null,
});
const http = (host: string, port: number = hostPorts.plain): AllowedHostIr => ({
  host,
  port,
  protocol: 'HTTP',
  tls: null,
});
const web = sampleService(`shop/web/${hostPorts.plain}`, {
  addresses: ['10.96.0.1'],
  endpoints: [sampleEndpoint(hostPorts.plain, { address: evil.address })],
});
const list = [
  http(api.name),
  http('*.below.example.com'),
  tls('*.below.example.com'),
  tls(api.name),
  tls('gone.example.com'),
];

/** Before a test changes it. */
const knownNames = {
  [api.name]: [api.address],
  [evil.name]: [evil.address],
  'a.b.below.example.com': [api.address],
  'local.below.example.com': ['127.0.0.1'],
  'metadata.below.example.com': ['169.254.169.254'],
  'six.below.example.com': [ipv6Of(api.address)],
};

const closed = expect.stringMatching(/^(ECONNRESET|EPIPE)$/);

function reached({ status, body = '' }: Outcome): string {
  if (status !== 200) throw new Error(`status ${status}: ${body}`);
  return (JSON.parse(body) as { host: string }).host;
}

suite('hosts outside the mesh', () => {
  const closing = new Closing();
  let world: OutsideWorld;

  beforeAll(async () => {
    world = await OutsideWorld.start(
      { [api.name]: api.address, [evil.name]: evil.address },
      { allowedHosts: list, services: [web] },
      closing,
    );
    await world.resolves(knownNames);
  });
  afterAll(() => closing.close());

  const attempt = (
    sni: string,
    parts: { address?: string; port?: number; host?: string } = {},
  ): Promise<Outcome> =>
    world.attempt({ protocol: 'TLS', address: api.address, port: hostPorts.tls, sni, host: sni, ...parts });
  const ask = (host: string, parts: { address?: string; port?: number } = {}): Promise<Outcome> =>
    world.attempt({ protocol: 'HTTP', address: api.address, port: hostPorts.plain, host, ...parts });

  describe('TLS', () => {
    test('reaches a host of the list, end to end', async () => {
      const outcome = await attempt(api.name);

      expect(JSON.parse(outcome.body ?? '')).toMatchObject({ host: api.name, sni: api.name, tls: true });
    });

    test('goes where the name leads, whatever address was called', async () => {
      expect(reached(await attempt(api.name, { address: evil.address }))).toBe(api.name);
      expect(reached(await attempt(api.name, { address: nowhere }))).toBe(api.name);
      expect(reached(await attempt(api.name, { address: ipv6Of(evil.address) }))).toBe(api.name);
    });

    test('a wildcard stands for all names below, and not for itself', async () => {
      expect(reached(await attempt('a.b.below.example.com', { address: nowhere }))).toBe(api.name);
      expect(await attempt('below.example.com')).toEqual({ error: closed });
      expect(await attempt('xbelow.example.com')).toEqual({ error: closed });
    });

    test('reaches a host that has but an IPv6 address', async () => {
      expect(reached(await attempt('six.below.example.com', { address: nowhere }))).toBe(api.name);
    });

    test.each([
      ['another name', { sni: evil.name, address: evil.address }],
      ['another name, at the address of an allowed host', { sni: evil.name, address: api.address }],
      ['another name, at an IPv6 address', { sni: evil.name, address: ipv6Of(evil.address) }],
      ['no name', { sni: '', address: api.address }],
      [
        'an allowed name on a port that is not in the list',
        { sni: api.name, address: api.address, port: 8443 },
      ],
      [
        'an allowed name on a port that is in the list for HTTP',
        { sni: api.name, address: api.address, port: 80 },
      ],
      [
        'a name that begins like an allowed one',
        { sni: `${api.name}.evil.example.net`, address: evil.address },
      ],
    ])('refuses %s', async (_, { sni, ...parts }) => {
      expect(await attempt(sni, { ...parts, host: api.name })).toEqual({ error: closed });
    });

    test('a refusal stands in the access log, with the name', async () => {
      expect(await attempt('logged.example.net', { address: evil.address })).toEqual({ error: closed });

      const line = await world.sidecar.logged({ requested_server_name: 'logged.example.net' });
      expect(line).toMatchObject({
        log: 'connection',
        response_flags: 'UH',
        upstream_cluster: 'blackhole',
        destination_address: `${evil.address}:443`,
      });
    });

    test('a name that leads to the Pod itself, or to the metadata service of a cloud, leads nowhere', async () => {
      expect(await attempt('local.below.example.com')).toEqual({ error: closed });
      expect(await attempt('metadata.below.example.com')).toEqual({ error: closed });
    });

    test('a name that nobody knows is refused, and the others are not disturbed', async () => {
      expect(await attempt('gone.example.com')).toEqual({ error: closed });
      expect(reached(await attempt(api.name))).toBe(api.name);

      const line = await world.sidecar.logged({ requested_server_name: 'gone.example.com' });
      expect(line).toMatchObject({ response_flags: 'UH', upstream_cluster: 'egress' });
    });
  });

  describe('HTTP', () => {
    test('reaches a host of the list, wherever it was called', async () => {
      const outcome = await ask(api.name, { address: evil.address });

      expect(JSON.parse(outcome.body ?? '')).toMatchObject({
        host: api.name,
        authority: api.name,
        tls: false,
      });
      expect(reached(await ask(`${api.name}:80`, { address: nowhere }))).toBe(api.name);
      expect(reached(await ask('a.b.below.example.com', { address: ipv6Of(evil.address) }))).toBe(api.name);
    });

    test.each([
      ['another host', evil.name, {}],
      ['another host, at its own address', evil.name, { address: evil.address }],
      ['an address', evil.address, { address: evil.address }],
      ['an allowed host with another port in its name', `${api.name}:443`, {}],
      ['a name below a wildcard with another port in its name', 'a.b.below.example.com:22', {}],
    ])('refuses %s, with a sentence', async (_, host, parts) => {
      const { status, body } = await ask(host, parts);

      expect(status).toBe(502);
      expect(body).toContain('spec.outbound.hosts');
    });

    test('a name that nobody knows gets a 503 that the log explains', async () => {
      expect(await ask('unknown.below.example.com')).toMatchObject({ status: 503 });

      const line = await world.sidecar.logged({ authority: 'unknown.below.example.com' });
      expect(line['response_code_details']).toContain('dns_resolution_failure');
    });
  });

  test('a Service of the mesh on a port of the list is called as ever, whatever the Host header says', async () => {
    expect(reached(await ask('web.shop', { address: '10.96.0.1' }))).toBe(evil.name);
    expect(reached(await ask(api.name, { address: '10.96.0.1' }))).toBe(evil.name);
  });

  test('what goes to no port of the list, or is no TLS on a port for TLS, is refused as without a list', async () => {
    expect(await ask(api.name, { port: 8080 })).toEqual({ error: closed });
    expect(await ask(api.name, { port: hostPorts.tls })).toEqual({ error: closed });
  });

  test('a name is resolved when it is called and allowed, and not below the domains of the cluster', async () => {
    await attempt('never-resolved.example.net', { address: evil.address });
    await attempt(api.name);

    const asked = await world.askedNames();
    expect(asked).toContain(api.name);
    expect(asked.filter((name) => name.includes('cluster.local') || name.includes('never-resolved'))).toEqual(
      [],
    );
  });

  test('a list in mode AllowAny: hosts are where their names lead, others where they are called; both end or go on when the mode changes', async () => {
    await world.program({ mode: 'AllowAny', allowedHosts: list, services: [web] });
    expect(reached(await attempt(api.name, { address: evil.address }))).toBe(api.name);
    expect(reached(await ask(api.name, { address: evil.address }))).toBe(api.name);
    expect(reached(await attempt(evil.name, { address: evil.address }))).toBe(evil.name);
    expect(reached(await attempt('', { address: evil.address }))).toBe(evil.name);
    expect(reached(await ask(evil.name, { address: evil.address }))).toBe(evil.name);
    const listed = await world.keepAsking(api.address, api.name);
    const other = await world.keepAsking(evil.address, evil.name);

    await world.program({ allowedHosts: list, services: [web] });
    await world.sidecar.waitFor(async () => (await other()).includes('ended'));
    const answers = (await listed()).length;
    await world.sidecar.waitFor(async () => (await listed()).length > answers);

    expect(await listed()).not.toContain('ended');
    expect(await attempt(evil.name, { address: evil.address })).toEqual({ error: closed });
  });

  test('the example of docs/egress.md is in force as its comments say', async () => {
    const [, text = ''] = /```yaml\n([^`]*)```/.exec(await readFile('docs/egress.md', 'utf8')) ?? [];
    const admission = admit(parse(text));
    if (!admission.ok || admission.object.kind !== 'Mesh') throw new Error(JSON.stringify(admission));
    await world.resolves({
      [evil.name]: [evil.address],
      ...Object.fromEntries(
        [api.name, 's3.example.com', 'a.s3.example.com', 'mirror.example.org'].map((name) => [
          name,
          [api.address],
        ]),
      ),
    });
    await world.program({
      mode: admission.object.spec.outbound.mode,
      allowedHosts: allowedHosts(admission.object),
      services: [web],
    });

    const reachable = [
      attempt(api.name),
      attempt('a.s3.example.com'),
      attempt('mirror.example.org'),
      ask('mirror.example.org'),
    ];
    expect((await Promise.all(reachable)).map(reached)).toEqual(reachable.map(() => api.name));
    const refused = [attempt('s3.example.com'), attempt(evil.name, { address: evil.address })];
    expect(await Promise.all(refused)).toEqual(refused.map(() => ({ error: closed })));
    expect(await ask(api.name)).toMatchObject({ status: 502 });
    await world.resolves(knownNames);
    await world.program({ allowedHosts: list, services: [web] });
  });

  test('takes as many hosts as a Mesh may list, and knows the last as well as the first', async () => {
    const names = Array.from({ length: 126 }, (_, at) => `${at % 2 === 0 ? '' : '*.'}h${at}.example.com`);
    const many = [tls('first.below.example.com'), ...names.map((name) => tls(name)), tls(api.name)];

    await world.program({ allowedHosts: many, services: [web] });

    expect(reached(await attempt(api.name, { address: nowhere }))).toBe(api.name);
    expect(await attempt(evil.name, { address: evil.address })).toEqual({ error: closed });
    await world.program({ allowedHosts: list, services: [web] });
  });

  test('learns which hosts are called that are not in the list, in both modes, and where they were going', async () => {
    const learning = { allowedHosts: [], learnsHosts: true, services: [web] };
    await world.program({ ...learning, mode: 'AllowAny' });
    expect(reached(await attempt('learnt.example.net', { address: evil.address }))).toBe(evil.name);
    expect(reached(await ask('learnt.example.org', { address: evil.address }))).toBe(evil.name);

    await world.program(learning);
    expect(await attempt('learnt.example.net', { address: evil.address })).toEqual({ error: closed });
    expect(await ask('learnt.example.org', { address: evil.address })).toMatchObject({ status: 502 });

    const counted = (host: string, how: string, port: number): string =>
      `meshwright.outbound.hosts.destination.${host}.route.${how}.port.${port}: 1`;
    const wanted = [
      counted('learnt.example.net', 'TLS passthrough', 443),
      counted('learnt.example.net', 'TLS blackhole', 443),
      counted('learnt.example.org', 'HTTP passthrough', 80),
      counted('learnt.example.org', 'HTTP not-allowed', 80),
    ];
    // A connection is counted when it has ended on both sides, which nobody here hears of.
    await world.sidecar.waitFor(async () => {
      const found = new Set(await world.countedHosts());
      return wanted.every((line) => found.has(line));
    });
    expect(await world.countedHosts()).toEqual(expect.arrayContaining(wanted));
    await world.program({ allowedHosts: list, services: [web] });
  });

  test('the last host of a port leaves the list: its connections end, although their listener is only drained', async () => {
    const left = await world.keepAsking(api.address, api.name);

    await world.program({ allowedHosts: [], services: [web] });
    await world.sidecar.waitFor(async () => (await left()).includes('ended'));

    expect(await attempt(api.name)).toEqual({ error: closed });
    await world.program({ allowedHosts: list, services: [web] });
    expect(reached(await attempt(api.name))).toBe(api.name);
  });

  test('a host that leaves the list: connections to it end at their next byte, others go on, and no listener changes', async () => {
    const left = await world.keepAsking(api.address, api.name);
    const stays = await world.keepAsking(api.address, 'a.b.below.example.com');
    const without = list.filter(({ host }) => host !== api.name);
    const before = await world.listenerChanges();

    await world.program({ allowedHosts: [...without, http('other.example.com')], services: [web] });
    await world.sidecar.waitFor(async () => (await left()).includes('ended'));
    const answers = (await stays()).length;
    await world.sidecar.waitFor(async () => (await stays()).length > answers);

    expect(await stays()).not.toContain('ended');
    expect(await attempt(api.name)).toEqual({ error: closed });
    expect(await ask(api.name)).toMatchObject({ status: 502 });
    expect(await world.listenerChanges()).toEqual(before);
    await world.program({ allowedHosts: list, services: [web] });
    expect(reached(await attempt(api.name))).toBe(api.name);
  });

  test('a host for some namespaces: others are refused, connections that exist end, and no listener changes', async () => {
    const only = (namespace: string): readonly AllowedHostIr[] =>
      list.map((one) =>
        one.host === 'gone.example.com' ? one : { ...one, namespaces: ['else', namespace] },
      );
    await world.program({ allowedHosts: only('shop'), services: [web] });
    expect(reached(await attempt(api.name))).toBe(api.name);
    expect(reached(await ask(api.name))).toBe(api.name);
    const left = await world.keepAsking(api.address, api.name);
    const before = await world.listenerChanges();

    await world.program({ allowedHosts: only('qa'), services: [web] });
    await world.sidecar.waitFor(async () => (await left()).includes('ended'));

    expect(await attempt(api.name)).toEqual({ error: closed });
    expect(await attempt('a.b.below.example.com')).toEqual({ error: closed });
    expect(await ask(api.name)).toMatchObject({ status: 502 });
    expect(await ask('a.b.below.example.com')).toMatchObject({ status: 502 });
    expect(await world.listenerChanges()).toEqual(before);

    await world.program({ allowedHosts: list, services: [web] });
    expect(reached(await attempt(api.name))).toBe(api.name);
  });
});
