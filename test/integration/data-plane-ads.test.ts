// The whole way of a mesh to its sidecars: bootstrap, mutual TLS to the server, delta ADS, virtual hosts one by one,
// and traffic that obeys what was acknowledged.
import { connect as tlsConnect } from 'node:tls';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Root } from '../../operator/certificates/root.ts';
import { renderBootstrap } from '../../operator/infra/bootstrap.ts';
import type { MeshIr, WorkloadIr } from '../../operator/ir/mesh-ir.ts';
import type { ServicePortIr } from '../../operator/ir/service.ts';
import { createLog } from '../../operator/process/log.ts';
import { checkMessage } from '../../operator/envoy/checks/check-message.ts';
import { formatNodeId } from '../../operator/values/node-id.ts';
import { encodeAny } from '../../operator/envoy/proto/registry.ts';
import { buildResources } from '../../operator/envoy/resources/build.ts';
import { reloadableCredentials } from '../../operator/xds/server/credentials.ts';
import { type AdsServer, createAdsServer } from '../../operator/xds/server/server.ts';
import { buildSnapshot } from '../../operator/xds/snapshot/snapshot.ts';
import type { Snapshot } from '../../operator/xds/snapshot/types.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { call, seenBy } from '../support/data-plane/callers.ts';
import { CertificateFolder, issue, makeTestRoot } from '../support/data-plane/certificate-folder.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { inItsFolder, type Sidecar, withLog } from '../support/data-plane/sidecars.ts';
import { startEnvoy } from '../support/envoy.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleRoute,
  sampleService,
  sampleWorkload,
  spiffeId,
  trustDomain,
} from '../support/mesh-samples.ts';

const operatorId = `spiffe://${trustDomain}/ns/meshwright-system/sa/meshwright`;
const closing = new Closing();
afterAll(() => closing.close());

let root: Root;
let server: AdsServer;
let snapshot: Snapshot | null = null;
const sidecars = new Map<string, Sidecar>();
const folders = new Map<string, CertificateFolder>();
let service: ServicePortIr;
let workloads: readonly WorkloadIr[];
let binding = 0;
let inboundPort = 0;

/** The mesh with this subset chosen for all requests. */
function meshWith(subset: 'v1' | 'v2'): MeshIr {
  const action = { type: 'Forward', backends: [{ service: service.key, subset, weight: 1 }] } as const;
  return sampleMesh({
    services: [{ ...service, routes: { default: [sampleRoute(subset, { action })], byAudience: [] } }],
    workloads,
  });
}

function publish(ir: MeshIr): void {
  const resources = buildResources(ir, { trustBundle: root.certificate });
  snapshot = buildSnapshot(snapshot, resources, { encodeAny, check: checkMessage });
  expect(snapshot.invalid).toEqual([]);
  server.publish(snapshot);
}

/** Resolves when every sidecar has acknowledged all that was published. */
async function programmed(): Promise<void> {
  const anyone = sidecars.get('caller') as Sidecar;
  await anyone.waitFor(() => {
    const reports = server.proxies();
    const isDone = reports.every(({ atRest, lagging }) => atRest && lagging.length === 0);
    return reports.length === workloads.length && isDone;
  }, 20_000);
}

async function startSidecar(workload: WorkloadIr): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), `meshwright-ads-${workload.name}-`));
  closing.add(() => rm(dir, { recursive: true, force: true }));
  const folder = new CertificateFolder(dir);
  await folder.create(await issue(root, workload.identity.spiffeId), root);
  const bootstrap = renderBootstrap({
    nodeId: formatNodeId(workload),
    cluster: 'default',
    xds: { address: '127.0.0.1', port: server.port(), serverSpiffeId: operatorId },
    adminPort: 0,
  });
  const args = ['--file-flush-interval-msec', '20', '--log-level', 'warning'];
  const envoy = await startEnvoy({ bootstrap: JSON.stringify(bootstrap), dir, ...inItsFolder(dir), args });
  closing.add(() => envoy.stop());
  sidecars.set(workload.name, withLog(envoy));
  folders.set(workload.name, folder);
  await envoy.waitFor(() => envoy.ready(), 20_000);
}

async function startServer(): Promise<void> {
  const tls = reloadableCredentials();
  tls.update({ ...(await issue(root, operatorId, ['127.0.0.1'])), trustBundle: root.certificate });
  const nothing = (): void => undefined;
  server = createAdsServer({
    address: '127.0.0.1:0',
    credentials: tls.credentials,
    identityOf: (key) => workloads.find((workload) => workload.key === key)?.identity.spiffeId,
    observer: {
      streams: nothing,
      pushed: nothing,
      acked: nothing,
      nacked: nothing,
      converged: nothing,
      changed: nothing,
    },
    log: createLog('silent'),
    identifier: 'test',
  });
  await server.start();
  closing.add(() => server.stop());
}

beforeAll(async () => {
  root = await makeTestRoot(trustDomain);
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
  await startServer();
  publish(meshWith('v1'));
  await Promise.all(workloads.map(startSidecar));
  await programmed();
}, 60_000);

test('traffic obeys the first publication', async () => {
  const seen = await seenBy(binding);

  expect(seen.app).toBe('v1');
  expect(seen.headers['x-forwarded-client-cert']).toContain(spiffeId('caller'));
});

test('traffic obeys a change as soon as it is acknowledged, and no listener or cluster changes for it', async () => {
  const caller = sidecars.get('caller') as Sidecar;
  const moved = '^(listener_manager.listener_(modified|removed)|cluster_manager.cluster_(modified|removed))$';

  publish(meshWith('v2'));
  await programmed();
  const answers = await Promise.all(Array.from({ length: 10 }, () => seenBy(binding)));

  expect(new Set(answers.map(({ app }) => app))).toEqual(new Set(['v2']));
  expect([...(await caller.stats(moved)).values()]).toEqual([0, 0, 0, 0]);
});

test('a service that is no longer there is answered for at once', async () => {
  publish(sampleMesh({ workloads }));
  await programmed();
  const gone = await call(binding);
  publish(meshWith('v1'));
  await programmed();
  const back = await call(binding);

  expect([gone.status, back.status]).toEqual([503, 200]);
});

test('a renewed certificate is shown without a restart', async () => {
  const before = await shownSerial();
  await folders.get('server')?.replace(await issue(root, spiffeId('server')), root);

  const sidecar = sidecars.get('server') as Sidecar;
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
