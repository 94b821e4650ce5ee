// What sidecars write a line about unless the Mesh says otherwise: what failed or was refused. By real Envoys.
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { defaultAccessLogs } from '../../operator/ir/access-log.ts';
import type { AuthorizationIr } from '../../operator/ir/inbound.ts';
import type { MeshIr, MeshSettingsIr } from '../../operator/ir/mesh-ir.ts';
import { startApplication, startGreeter } from '../support/data-plane/applications.ts';
import { call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { startConversation } from '../support/data-plane/conversation.ts';
import type { LogLine } from '../support/data-plane/sidecars.ts';
import { ServedMesh } from '../support/data-plane/served-mesh.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  noRules,
  sampleAccessLog,
  sampleEndpoint,
  sampleIdentity,
  sampleInbound,
  sampleMesh,
  sampleProbe,
  sampleRequest,
  sampleRule,
  sampleService,
  sampleWorkload,
  spiffeId,
} from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

const names = ['web', 'strict', 'bytes', 'guarded', 'gone', 'changing'] as const;
type Name = (typeof names)[number];

const greeting = 'hello';
let mesh: ServedMesh;
/** Of the server's sidecar, and of the caller's sidecar for calls to it. */
let served: Readonly<Record<Name, number>>;
let bound: Readonly<Record<Name, number>>;
let application = 0;
let greeter = 0;
let nobody = 0;
/** One connection of each application to its sidecar, for all requests. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

async function portOfEach(): Promise<Readonly<Record<Name, number>>> {
  const ports: [Name, number][] = [];
  // oxlint-disable-next-line no-await-in-loop -- ports asked for at once may be the same
  for (const name of names) ports.push([name, await freePort()]);
  return Object.fromEntries(ports) as Record<Name, number>;
}

const nobodyOfThisMesh: AuthorizationIr = {
  deny: [],
  allow: [sampleRule('shop/guard/nobody', ['nobody'])],
};

function meshWith(accessLogs: MeshSettingsIr['accessLogs'], changing: AuthorizationIr = noRules): MeshIr {
  const secret = sampleRequest({ paths: [{ type: 'PathPrefix', value: '/secret', ignoreCase: false }] });
  const authorization = { deny: [sampleRule('shop/web/secrets', 'anyone', [secret])], allow: 'all' } as const;
  const probes = [sampleProbe('/healthz')];
  const tcp = { protocol: 'TCP', mtls: 'Permissive' } as const;
  const inbound = [
    sampleInbound(served.web, application, { probes, authorization }),
    sampleInbound(served.strict, greeter, { protocol: 'TCP', mtls: 'Strict' }),
    sampleInbound(served.bytes, greeter, tcp),
    sampleInbound(served.guarded, greeter, { ...tcp, authorization: nobodyOfThisMesh }),
    sampleInbound(served.gone, nobody, tcp),
    sampleInbound(served.changing, greeter, { ...tcp, authorization: changing }),
  ];
  const services = names.map((name) =>
    sampleService(`shop/${name}/80`, {
      protocol: name === 'web' ? 'HTTP' : 'TCP',
      peerIdentities: [spiffeId('server')],
      endpoints: [sampleEndpoint(served[name], { mtls: true })],
    }),
  );
  const bindings = names.map((name) => ({
    address: '127.0.0.1',
    port: bound[name],
    service: `shop/${name}/80`,
    protocol: name === 'web' ? ('HTTP' as const) : ('TCP' as const),
  }));
  const { settings, ...ir } = sampleMesh({
    services: services.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    workloads: [sampleWorkload('caller', { bindings }), sampleWorkload('server', { inbound })],
    identities: ['caller', 'server'].map((name) => sampleIdentity(name)),
  });
  return { ...ir, settings: { ...settings, accessLogs } };
}

beforeAll(async () => {
  closing.add(async () => agent.destroy());
  // Answers with the status that the path ends with.
  application = await startApplication('status', closing, ({ url, headers }, response) => {
    if (url === '/reset') response.destroy();
    if (url === '/reset' || url === '/hang') return;
    const { 'content-type': type, 'x-answer': answer } = headers;
    if (type !== undefined) response.setHeader('content-type', type);
    if (typeof answer === 'string') response.setHeader('grpc-status', answer);
    response.writeHead(Number(/\d{3}$/.exec(url)?.[0] ?? 200)).end();
  });
  greeter = await startGreeter(greeting, closing);
  nobody = await freePort();
  [served, bound] = [await portOfEach(), await portOfEach()];
  mesh = await ServedMesh.start(meshWith(defaultAccessLogs), closing);
});

async function ask(port: number, path: string, headers: Record<string, string> = {}): Promise<number> {
  const outgoing = request({ host: '127.0.0.1', port, path, agent, headers }).end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response.statusCode ?? 0;
}

/** All lines so far, once there is one about this path or address. */
async function lines(name: string, until: string): Promise<readonly LogLine[]> {
  const sidecar = mesh.sidecar(name);
  const isLine = (line: string): boolean => line.startsWith('{');
  await sidecar.waitFor(async () =>
    (await sidecar.log()).some((line) => isLine(line) && line.includes(`"${until}"`)),
  );
  return (await sidecar.log()).filter(isLine).map((line) => JSON.parse(line) as LogLine);
}

async function pathsOf(name: string, until: string, among: readonly string[]): Promise<readonly unknown[]> {
  return (await lines(name, until)).map(({ path }) => path).filter((path) => among.includes(String(path)));
}

const ofGrpc = { 'content-type': 'application/grpc+proto' };

describe('requests', () => {
  test('that went well have no line, and those that failed or were refused have one in each sidecar', async () => {
    const cases: readonly (readonly [path: string, status: number, headers?: Record<string, string>])[] = [
      ['/fine/200', 200],
      ['/moved/302', 302],
      ['/wrong/404', 404],
      ['/broken/503', 503],
      ['/secret/200', 403],
      ['/rpc/fine/200', 200, { ...ofGrpc, 'x-answer': '0' }],
      ['/rpc/failed/200', 200, { ...ofGrpc, 'x-answer': '14' }],
      ['/rpc/unknown/200', 200, { ...ofGrpc, 'x-answer': '2' }],
      ['/rpc/web/200', 200, { 'content-type': 'application/grpc-web+proto' }],
      ['/reset', 503],
    ];
    for (const [path, status, headers] of cases) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect([path, await ask(bound.web, path, headers)]).toEqual([path, status]);
    }

    const failed = [
      '/wrong/404',
      '/broken/503',
      '/secret/200',
      '/rpc/failed/200',
      '/rpc/unknown/200',
      '/reset',
    ];
    const asked = cases.map(([path]) => path);
    expect(await pathsOf('caller', '/reset', asked)).toEqual(failed);
    expect(await pathsOf('server', '/reset', asked)).toEqual(failed);
    expect(await lines('server', '/reset')).toContainEqual(
      expect.objectContaining({ path: '/secret/200', rule: 'shop/web/secrets', peer: spiffeId('caller') }),
    );
  });

  test('that became a WebSocket have none when it is closed', async () => {
    const headers = { connection: 'upgrade', upgrade: 'websocket' };
    expect(await call(bound.web, { path: '/socket', headers })).toMatchObject({ status: 101 });
    expect(await ask(bound.web, '/after-the-socket/503')).toBe(503);

    const asked = ['/socket', '/after-the-socket/503'];
    expect(await pathsOf('server', '/after-the-socket/503', asked)).toEqual(['/after-the-socket/503']);
    expect(await pathsOf('caller', '/after-the-socket/503', asked)).toEqual(['/after-the-socket/503']);
  });

  test('whose caller gives up have a line, though they have no status', async () => {
    const outgoing = request({ host: '127.0.0.1', port: bound.web, path: '/hang' }).end();
    outgoing.on('error', () => undefined);
    await mesh.sidecar('server').waitFor(async () => {
      const active = 'cluster.inbound/' + String(served.web) + '.upstream_rq_active';
      return (await mesh.sidecar('server').stats(`^${active}$`)).get(active) === 1;
    });
    outgoing.destroy();

    expect(await lines('caller', '/hang')).toContainEqual(
      expect.objectContaining({ path: '/hang', response_code: 0, response_flags: 'DC' }),
    );
  });

  test('of the kubelet have none, also when they fail', async () => {
    const kubelet = { 'user-agent': 'kube-probe/1.34', accept: '*/*' };
    expect(await ask(served.web, '/healthz', kubelet)).toBe(200);
    expect(await ask(served.web, '/unprobed/500', kubelet)).toBe(500);

    const paths = (await lines('server', '/unprobed/500')).map(({ path }) => path);
    expect(paths).toContain('/unprobed/500');
    expect(paths).not.toContain('/healthz');
  });
});

/** Hears the greeting, or nothing, and hangs up. */
async function connectTo(port: number): Promise<boolean> {
  const own = new Closing();
  try {
    await startConversation({ port, greeting }, own);
    return true;
  } catch {
    return false;
  } finally {
    await own.close();
  }
}

describe('TCP connections', () => {
  const to = (port: number): string => `127.0.0.1:${port}`;

  test('that went well have no line, and those that failed or were refused have one', async () => {
    expect(await connectTo(bound.bytes)).toBe(true);
    expect(await connectTo(served.bytes)).toBe(true);
    expect(await connectTo(served.strict)).toBe(false);
    expect(await connectTo(bound.guarded)).toBe(false);
    expect(await connectTo(bound.gone)).toBe(false);

    const server = await lines('server', to(served.gone));
    const about = (port: number): readonly LogLine[] =>
      server.filter(({ destination_address: address }) => address === to(port));
    expect(about(served.bytes)).toEqual([]);
    expect(about(served.strict)).toEqual([
      expect.objectContaining({ log: 'refused', details: 'filter_chain_not_found' }),
    ]);
    expect(about(served.guarded)).toEqual([
      expect.objectContaining({ log: 'connection', downstream_tls_failure: expect.stringContaining('SAN') }),
    ]);
    expect(about(served.gone)).toEqual([
      expect.objectContaining({ log: 'connection', response_flags: 'UF,URX' }),
    ]);
  });

  test('that are ended by a new rule have a line', async () => {
    const conversation = await startConversation({ port: bound.changing, greeting }, closing);
    await mesh.program(meshWith(defaultAccessLogs, nobodyOfThisMesh));
    expect(await conversation.say('still there?')).toBe('over');

    expect(await lines('server', to(served.changing))).toContainEqual(
      expect.objectContaining({
        destination_address: to(served.changing),
        connection_termination_details: expect.stringContaining('rbac_access_denied'),
      }),
    );
    await mesh.program(meshWith(defaultAccessLogs));
  });
});

test('all, none and failures again hold from the next request of a connection that exists', async () => {
  const asked: string[] = [];
  const askBoth = async (name: string): Promise<void> => {
    for (const path of [`/${name}/200`, `/${name}/503`]) {
      asked.push(path);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await ask(bound.web, path);
    }
  };
  await mesh.program(meshWith([sampleAccessLog]));
  await askBoth('all');
  await mesh.program(meshWith([]));
  await askBoth('none');
  await mesh.program(meshWith(defaultAccessLogs));
  await askBoth('failures');
  await mesh.program(meshWith([{ ...sampleAccessLog, outcome: 'Failed', directions: ['Inbound'] }]));
  await askBoth('inbound');
  await mesh.program(meshWith(defaultAccessLogs));
  await ask(bound.web, '/end/503');

  const all = ['/all/200', '/all/503', '/failures/503'];
  expect(await pathsOf('server', '/end/503', asked)).toEqual([...all, '/inbound/503']);
  expect(await pathsOf('caller', '/end/503', asked)).toEqual(all);
});
