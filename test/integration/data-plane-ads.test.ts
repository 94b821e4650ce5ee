// The whole way of a mesh to its sidecars: bootstrap, mutual TLS to the server, delta ADS, virtual hosts one by one,
// and traffic that obeys what was acknowledged.
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { MeshIr, WorkloadIr } from '../../operator/ir/mesh-ir.ts';
import type { ServicePortIr } from '../../operator/ir/service.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { call, openWebSocket, seenBy } from '../support/data-plane/callers.ts';
import { issue } from '../support/data-plane/certificate-folder.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { ServedMesh } from '../support/data-plane/served-mesh.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  forwardTo,
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleRoute,
  sampleRequest,
  sampleRule,
  sampleService,
  sampleWorkload,
  spiffeId,
} from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

let mesh: ServedMesh;
let service: ServicePortIr;
let workloads: readonly WorkloadIr[];
let binding = 0;
let inboundPort = 0;

/** The mesh with this subset chosen for all requests. */
function meshWith(subset: 'v1' | 'v2'): MeshIr {
  const action = forwardTo({ service: service.key, subset, weight: 1 });
  return sampleMesh({
    services: [{ ...service, routes: { default: [sampleRoute(subset, { action })], byAudience: [] } }],
    workloads,
  });
}

beforeAll(async () => {
  const [v1, v2] = [await startApplication('v1', closing), await startApplication('v2', closing)];
  const inbound = [
    sampleInbound(await freePort(), v1),
    sampleInbound(await freePort(), v2, { mtls: 'Strict' }),
  ];
  [binding, inboundPort] = [await freePort(), inbound[0]?.port ?? 0];
  const endpoints = inbound.map(({ port }) => sampleEndpoint(port, { mtls: true }));
  service = sampleService('shop/reviews/80', {
    addresses: ['10.96.0.1'],
    peerIdentities: [spiffeId('server')],
    endpoints,
    subsets: endpoints.map((endpoint, index) => ({
      name: `v${index + 1}`,
      endpoints: [endpoint],
      origins: [{ kind: 'TrafficPolicy', namespace: 'shop', name: 'reviews', generation: 1 }],
    })),
  });
  const bindings = [{ address: '127.0.0.1', port: binding, service: service.key, protocol: 'HTTP' as const }];
  workloads = [sampleWorkload('caller', { bindings }), sampleWorkload('server', { inbound })];
  mesh = await ServedMesh.start(meshWith('v1'), closing);
});

test('traffic obeys the first publication', async () => {
  const seen = await seenBy(binding);

  expect(seen.app).toBe('v1');
  expect(seen.headers['x-forwarded-client-cert']).toContain(spiffeId('caller'));
});

test('traffic obeys a change as soon as it is acknowledged, and no listener or cluster changes for it', async () => {
  const caller = mesh.sidecar('caller');
  const moved = '^(listener_manager.listener_(modified|removed)|cluster_manager.cluster_(modified|removed))$';

  await mesh.program(meshWith('v2'));
  const answers = await Promise.all(Array.from({ length: 10 }, () => seenBy(binding)));

  expect(new Set(answers.map(({ app }) => app))).toEqual(new Set(['v2']));
  expect([...(await caller.stats(moved)).values()]).toEqual([0, 0, 0, 0]);
});

test('a service that is no longer there is answered for at once', async () => {
  await mesh.program(sampleMesh({ workloads }));
  const gone = await call(binding);
  await mesh.program(meshWith('v1'));
  const back = await call(binding);

  expect([gone.status, back.status]).toEqual([503, 200]);
});

test('the first rule about a path holds for the next request on connections that exist, and cuts none', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const bySidecar = (path: string): Promise<Called> => callOn(binding, path);
  const plaintext = (path: string): Promise<Called> => callOn(inboundPort, path, agent);
  const webSockets = [await openWebSocket(binding, '/chat'), await openWebSocket(inboundPort, '/chat')];
  const pooled = (): Promise<ReadonlyMap<string, number>> =>
    mesh.sidecar('caller').stats('^cluster.*v1.*upstream_cx_total$');
  const paths = ['//admin', '/%61dmin', '/admin'];
  await bySidecar('/warm');
  const before = [...(await series(paths, bySidecar)), ...(await series(paths, plaintext))];
  const connections = await pooled();

  await mesh.program({ ...meshWith('v1'), workloads: workloads.map(withoutAdmin) });

  const after = [...(await series(paths, bySidecar)), ...(await series(paths, plaintext))];
  const words = await Promise.all(webSockets.map((webSocket) => webSocket.say('still here')));
  expect(before.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
  expect(after.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403]);
  expect(words).toEqual(['still here', 'still here']);
  expect(await pooled()).toEqual(connections);
  expect(after.slice(3).map(({ localPort }) => localPort)).toEqual(
    before.slice(3).map(({ localPort }) => localPort),
  );
  for (const webSocket of webSockets) webSocket.close();
  agent.destroy();
  await mesh.program(meshWith('v1'));
});

function withoutAdmin(workload: WorkloadIr): WorkloadIr {
  const admin = { type: 'PathPrefix', value: '/admin', ignoreCase: false } as const;
  const deny = [sampleRule('shop/guard/no-admin', 'anyone', [sampleRequest({ paths: [admin] })])];
  const authorization = { deny, allow: 'all' } as const;
  return { ...workload, inbound: workload.inbound.map((port) => ({ ...port, authorization })) };
}

interface Called {
  readonly status: number | undefined;
  /** Of the connection. */
  readonly localPort: number | undefined;
}

async function callOn(port: number, path: string, agent?: Agent): Promise<Called> {
  const outgoing = request({ host: '127.0.0.1', port, path, agent });
  const responded = once(outgoing, 'response');
  outgoing.end();
  const [response] = (await responded) as [IncomingMessage];
  const { localPort } = response.socket;
  await text(response);
  return { status: response.statusCode, localPort };
}

async function series<T, R>(items: readonly T[], each: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one after the other, on one connection
  for (const item of items) results.push(await each(item));
  return results;
}

test('a renewed certificate is shown without a restart', async () => {
  const before = await shownSerial();
  const renewed = await issue(mesh.root, spiffeId('server'));
  await mesh.sidecar('server').certificates.replace(renewed, mesh.root);

  const sidecar = mesh.sidecar('server');
  await sidecar.waitFor(async () => (await shownSerial()) !== before);
  expect((await call(binding)).status).toBe(200);
});

/** The serial number of the certificate that the server's sidecar shows to callers from the mesh. */
function shownSerial(): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: inboundPort, ALPNProtocols: ['meshwright'] };
    const socket = tlsConnect({ ...options, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}
