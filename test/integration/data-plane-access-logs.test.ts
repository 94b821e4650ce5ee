// Access logs as the Mesh asks for them, written by real Envoys: which requests, in which form, by which workloads.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Mesh } from '../../api/v1alpha1/mesh.ts';
import { MeshSpec } from '../../api/v1alpha1/mesh.ts';
import type { MeshIr } from '../../operator/ir/mesh-ir.ts';
import { accessLogs, accessLogsOf, accessLogWarnings } from '../../operator/translate/facts/access-logs.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { ServedMesh } from '../support/data-plane/served-mesh.ts';
import { acceptedFilters } from '../support/telemetry/log-filters.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleProbe,
  sampleRule,
  sampleService,
  sampleWorkload,
  spiffeId,
} from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

let bare: MeshIr;
let mesh: ServedMesh;
let binding = 0;
let guardedPort = 0;
let openPort = 0;
/** One connection of the application to its sidecar, for all requests. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

beforeAll(async () => {
  closing.add(async () => agent.destroy());
  // Answers with the status that the path ends with.
  const application = await startApplication('status', closing, ({ url }, response) => {
    response.writeHead(Number(/\d{3}$/.exec(url)?.[0] ?? 200)).end();
  });
  [binding, guardedPort, openPort] = [await freePort(), await freePort(), await freePort()];
  const service = sampleService('shop/reviews/80', {
    peerIdentities: [spiffeId('server')],
    endpoints: [sampleEndpoint(guardedPort, { mtls: true })],
  });
  const probes = [sampleProbe('/healthz')];
  const path = { type: 'PathPrefix', value: '/secret', ignoreCase: false } as const;
  const secret = [{ methods: 'any', paths: [path], hosts: 'any', headers: [], not: null }] as const;
  const authorization = {
    deny: [sampleRule('shop/reviews/secrets', 'anyone', secret)],
    allow: 'all',
  } as const;
  bare = sampleMesh({
    services: [service],
    workloads: [
      sampleWorkload('caller', {
        bindings: [{ address: '127.0.0.1', port: binding, service: service.key, protocol: 'HTTP' }],
      }),
      sampleWorkload('server', {
        inbound: [
          sampleInbound(guardedPort, application, { probes, authorization }),
          sampleInbound(openPort, application, { probes }),
        ],
      }),
    ],
  });
  mesh = await ServedMesh.start(withLogs([{ name: 'all' }]), closing, ['--drain-time-s', '1']);
});

type Written = Readonly<Record<string, unknown>>;

/** The mesh with these access logs, as users write them. */
function withLogs(written: readonly Written[], names: readonly string[] = []): MeshIr {
  const spec = MeshSpec.parse({ telemetry: { accessLogs: written } });
  const object = { spec } as Mesh;
  expect(accessLogWarnings(object)).toEqual([]);
  const workloads = bare.workloads.map((workload) => ({
    ...workload,
    accessLogs: accessLogsOf(object, { namespace: 'shop', labels: { app: workload.name } }),
  }));
  expect(workloads.flatMap((workload) => workload.accessLogs)).toEqual(names);
  return { ...bare, settings: { ...bare.settings, accessLogs: accessLogs(object) }, workloads };
}

/** Filters and forms come with listeners: connections that exist write as before until they are drained. */
async function programAndDrain(ir: MeshIr): Promise<void> {
  await mesh.program(ir);
  for (const sidecar of mesh.sidecars.values()) {
    const draining = 'listener_manager.total_filter_chains_draining';
    // oxlint-disable-next-line no-await-in-loop -- there are two
    await sidecar.waitFor(async () => (await sidecar.stats(draining)).get(draining) === 0);
  }
  agent.destroy();
}

async function ask(port: number, path: string, headers: Record<string, string> = {}): Promise<number> {
  const outgoing = request({ host: '127.0.0.1', port, path, agent, headers }).end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response.statusCode ?? 0;
}

/** How many lines of its log have this text by now, once a line with `until` is there. */
async function lines(name: string, text: string, until: string): Promise<readonly string[]> {
  const sidecar = mesh.sidecar(name);
  await sidecar.waitFor(async () => (await sidecar.log()).some((line) => line.includes(until)));
  return (await sidecar.log()).filter((line) => line.includes(text));
}

const kubelet = { 'user-agent': 'kube-probe/1.34', accept: '*/*' };

test('of everything: every request, with the identities of both ends and the rule that refused; no probes', async () => {
  expect(await ask(binding, '/first/200')).toBe(200);
  expect(await ask(binding, '/secret/200')).toBe(403);
  for (const port of [guardedPort, openPort]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await ask(port, '/healthz', kubelet)).toBe(200);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await ask(port, '/healthz?forged', kubelet)).toBe(200);
  }
  expect(await ask(openPort, '/end/200')).toBe(200);

  const ends = { identity: spiffeId('server'), peer: spiffeId('caller') };
  const server = mesh.sidecar('server');
  expect(await server.logged({ path: '/first/200' })).toMatchObject({ ...ends, direction: 'inbound' });
  expect(await server.logged({ path: '/secret/200' })).toMatchObject({
    ...ends,
    rule: 'shop/reviews/secrets',
  });
  expect(await mesh.sidecar('caller').logged({ path: '/secret/200' })).toMatchObject({
    identity: spiffeId('caller'),
    peer: spiffeId('server'),
    response_code: 403,
  });
  expect(await lines('server', '"/healthz"', '/end/200')).toEqual([]);
  expect(await lines('server', '"/healthz?forged"', '/end/200')).toHaveLength(2);
});

test('none, a share, one direction, probes, some workloads: by RTDS alone, on connections that exist', async () => {
  const listeners = async (): Promise<unknown> => {
    const stats = await mesh
      .sidecar('server')
      .stats('^listener_manager\\.(listener_(added|modified|in_place_updated)|lds\\.update_success)$');
    return [...stats].filter(([name]) => !name.includes('lds'));
  };
  const before = await listeners();
  await mesh.program(withLogs([]));
  expect(await ask(binding, '/none/200')).toBe(200);
  await mesh.program(withLogs([{ name: 'inbound', directions: ['Inbound'], probes: true }]));
  expect(await ask(openPort, '/healthz', kubelet)).toBe(200);
  expect(await ask(binding, '/inbound/200')).toBe(200);
  await mesh.program(
    withLogs([{ name: 'callers', selector: { matchLabels: { app: 'caller' } } }], ['callers']),
  );
  expect(await ask(binding, '/callers/200')).toBe(200);
  await mesh.program(withLogs([{ name: 'nothing', percentage: 0 }]));
  expect(await ask(binding, '/nothing/200')).toBe(200);
  await mesh.program(
    withLogs([
      { name: 'share', percentage: 0 },
      { name: 'failed', outcome: 'Failed' },
    ]),
  );
  expect(await ask(binding, '/went-well/200')).toBe(200);
  expect(await ask(binding, '/failed/500')).toBe(500);
  await mesh.program(withLogs([{ name: 'all' }]));
  expect(await ask(binding, '/all/200')).toBe(200);

  expect(await listeners()).toEqual(before);
  expect(await lines('server', '/none/', '/all/')).toEqual([]);
  expect(await lines('server', '"/healthz"', '/all/')).toHaveLength(1);
  expect(await lines('server', '/inbound/', '/all/')).toHaveLength(1);
  expect(await lines('caller', '/inbound/', '/all/')).toEqual([]);
  expect(await lines('server', '/callers/', '/all/')).toEqual([]);
  expect(await lines('caller', '/callers/', '/all/')).toHaveLength(1);
  expect(await lines('caller', '/nothing/', '/all/')).toEqual([]);
  expect(await lines('caller', '/went-well/', '/all/')).toEqual([]);
  expect(await lines('caller', '/failed/', '/all/')).toHaveLength(1);
});

test('a share: both sidecars write the same requests, and those with the same x-request-id alike', async () => {
  const half = { name: 'half', percentage: 50 };
  await mesh.program(withLogs([{ name: 'failures', outcome: 'Failed' }, half]));
  // As many as that: all of them alike would be a chance of one in 10^12.
  const ids = Array.from({ length: 40 }, () => randomUUID());
  for (const id of [...ids, ...ids]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await ask(binding, `/half/${id}/200`, { 'x-request-id': id })).toBe(200);
  }
  expect(await ask(binding, '/half-is-over/500')).toBe(500);

  const written = await Promise.all(
    ['caller', 'server'].map(async (name) => {
      const found = await lines(name, '/half/', '/half-is-over/');
      return ids.map((id) => found.filter((line) => line.includes(`/half/${id}/`)).length);
    }),
  );
  expect(written[0]).toEqual(written[1]);
  expect(new Set(written[0])).toEqual(new Set([0, 2]));
});

test('a filter, and forms of its own', async () => {
  await programAndDrain(
    withLogs([
      {
        name: 'errors',
        filter: 'response.code >= 500',
        directions: ['Inbound'],
        format: {
          type: 'Text',
          text: 'E 100% {method} {path} {response_code} {rule} {peer} {request.headers.x-tenant} {request.headers.x-none}',
        },
      },
      {
        name: 'refused',
        filter: 'response.code == 403',
        format: { fields: ['path', 'rule', 'request.headers.x-tenant'] },
      },
      {
        name: 'failed',
        outcome: 'Failed',
        filter: "request.path.startsWith('/broken')",
        format: { type: 'Text', text: 'F {path}' },
      },
    ]),
  );
  const tenant = { 'x-tenant': 'a"b' };
  expect(await ask(binding, '/fine/200', tenant)).toBe(200);
  expect(await ask(binding, '/broken/200', tenant)).toBe(200);
  expect(await ask(binding, '/secret/of/200', tenant)).toBe(403);
  expect(await ask(binding, '/broken/503', tenant)).toBe(503);

  const line = `E 100% GET /broken/503 503 - ${spiffeId('caller')} a"b -`;
  expect(await lines('server', 'E 100%', '/broken/503')).toEqual([line]);
  expect(await lines('server', '/secret/of', '/broken/')).toEqual([
    JSON.stringify({
      path: '/secret/of/200',
      'request.headers.x-tenant': 'a"b',
      rule: 'shop/reviews/secrets',
    }),
  ]);
  expect(await lines('caller', '/secret/of', '/secret/of')).toHaveLength(1);
  expect(await lines('server', '/fine/', '/broken/')).toEqual([]);
  expect(await lines('server', 'F /', 'F /broken/503')).toEqual(['F /broken/503']);
});

test('every filter that we take is one that Envoy takes, and matches as it says', async () => {
  const logs = acceptedFilters.map(([filter], index) => ({
    name: `f-${index}`,
    filter,
    directions: ['Inbound'],
    format: { type: 'Text', text: `F${index}. {path}` },
  }));
  for (let at = 0; at < logs.length; at += 7) {
    const some = logs.slice(at, at + 7);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await programAndDrain(withLogs([...some, { name: 'end', directions: ['Inbound'], percentage: 0 }]));
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await ask(binding, '/orders/1', { 'x-tenant': 'a' })).toBe(200);
  }
  await programAndDrain(withLogs([{ name: 'all' }]));
  expect(await ask(binding, '/orders/end', {})).toBe(200);
  const written = await lines('server', '. /orders/1', '/orders/end');
  const matched = acceptedFilters.flatMap(([, matches], index) => (matches ? [`F${index}. /orders/1`] : []));
  expect(written.toSorted()).toEqual(matched.toSorted());
});
