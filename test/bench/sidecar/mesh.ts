// A process with a server of the configuration and two real Envoys that get theirs from it: a caller and, behind mutual TLS, the
// sidecar of an application. It tells its parent where they are, and ends with it. Of a checkout of its own: what is
// compared is the configuration that two versions of this project make of the same mesh.
import { readlinkSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeAny } from '../../../operator/envoy/proto/registry.ts';
import { buildResources } from '../../../operator/envoy/resources/build.ts';
import { checkMessage } from '../../../operator/envoy/checks/check-message.ts';
import { renderBootstrap } from '../../../operator/infra/bootstrap.ts';
import type { WorkloadIr } from '../../../operator/ir/mesh-ir.ts';
import { createLog } from '../../../operator/process/log.ts';
import { formatNodeId } from '../../../operator/values/node-id.ts';
import { reloadableCredentials } from '../../../operator/xds/server/credentials.ts';
import { createAdsServer } from '../../../operator/xds/server/server.ts';
import { buildSnapshot } from '../../../operator/xds/snapshot/snapshot.ts';
import { CertificateFolder, issue, makeTestRoot } from '../../support/data-plane/certificate-folder.ts';
import { inItsFolder } from '../../support/data-plane/sidecars.ts';
import { startEnvoy } from '../../support/envoy.ts';
import { freePort } from '../../support/kubernetes/free-port.ts';
import {
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleService,
  sampleWorkload,
  spiffeId,
  trustDomain,
} from '../../support/mesh-samples.ts';
import { makeGuard } from './guard.ts';
import {
  countingByItself,
  countingNothing,
  isSilent,
  receiving,
  type TelemetryLevel,
  withTelemetry,
} from './telemetry.ts';

/** What the parent says first. */
export interface MeshOptions {
  readonly applicationPort: number;
  /** So many services that nobody calls. */
  readonly services: number;
  /** So many places where the caller's sidecar takes calls: each has a connection manager of its own. */
  readonly bindings: number;
  /** So many rules guard the called port, and a token. 0: it is open. */
  readonly rules?: number;
  /** Default: what a Mesh has by default, and nobody receives it. */
  readonly telemetry?: TelemetryLevel;
}

/** What it answers when both sidecars are ready. */
export interface MeshReady {
  /** Where calls go in. */
  readonly port: number;
  /** That each call needs; null: none. */
  readonly token?: string | null;
  readonly caller: SidecarProcess;
  readonly server: SidecarProcess;
}

export interface SidecarProcess {
  readonly pid: number;
  readonly adminPort: number;
}

const operatorId = `spiffe://${trustDomain}/ns/meshwright-system/sa/meshwright`;

async function start({
  applicationPort,
  services: idle,
  bindings,
  rules = 0,
  telemetry,
}: MeshOptions): Promise<MeshReady> {
  const root = await makeTestRoot(trustDomain);
  const guard = rules > 0 ? await makeGuard(rules) : null;
  const inbound = [
    sampleInbound(await freePort(), applicationPort, { mtls: 'Strict', ...guard?.inbound }),
    sampleInbound(await freePort(), applicationPort),
  ];
  const called = sampleService('shop/called/80', {
    addresses: ['10.96.0.1'],
    peerIdentities: [spiffeId('server')],
    endpoints: [sampleEndpoint(inbound[0]?.port ?? 0, { mtls: true })],
  });
  const others = Array.from({ length: idle }, (_, index) =>
    sampleService(`shop/idle-${String(index).padStart(5, '0')}/80`, {
      addresses: [`10.97.${index >> 8}.${index & 255}`],
      peerIdentities: [spiffeId('server')],
      endpoints: [sampleEndpoint(1, { mtls: true })],
    }),
  );
  const ports: number[] = [];
  // One after the other: ports asked for at once may be the same.
  // oxlint-disable-next-line no-await-in-loop -- as above
  while (ports.length < bindings) ports.push(await freePort());
  const workloads = [
    sampleWorkload('caller', {
      bindings: ports
        .toSorted((a, b) => a - b)
        .map((port) => ({ address: '127.0.0.1', port, service: called.key, protocol: 'HTTP' as const })),
    }),
    sampleWorkload('server', { inbound }),
  ];
  const services = [called, ...others].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const mesh = withTelemetry(sampleMesh({ services, workloads }), telemetry ?? 'default');
  const tls = reloadableCredentials();
  tls.update({ ...(await issue(root, operatorId, ['127.0.0.1'])), trustBundle: root.certificate });
  const nothing = (): void => undefined;
  const server = createAdsServer({
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
    identifier: 'bench',
    ...(telemetry !== undefined && { services: receiving(mesh) }),
  });
  await server.start();
  const built = buildResources(mesh, { trustBundle: root.certificate });
  const counted = isSilent(telemetry) ? countingNothing(built) : built;
  const resources = telemetry === 'envoy' ? countingByItself(counted) : counted;
  server.publish(buildSnapshot(null, resources, { encodeAny, check: checkMessage }));
  const startSidecar = async (workload: WorkloadIr): Promise<SidecarProcess> => {
    const dir = await mkdtemp(join(tmpdir(), `meshwright-bench-${workload.name}-`));
    await new CertificateFolder(dir).create(await issue(root, workload.identity.spiffeId), root);
    const bootstrap = renderBootstrap({
      nodeId: formatNodeId(workload),
      cluster: 'default',
      xds: { address: '127.0.0.1', port: server.port(), serverSpiffeId: operatorId },
      adminPort: 0,
    });
    const args = ['--log-level', 'error'];
    const silent = { ...bootstrap, stats_sinks: [] };
    const text = JSON.stringify(isSilent(telemetry) ? silent : bootstrap);
    const envoy = await startEnvoy({ bootstrap: text, dir, ...inItsFolder(dir), args });
    process.once('disconnect', () => void envoy.stop().then(() => rm(dir, { recursive: true, force: true })));
    await envoy.waitFor(() => envoy.ready(), 60_000);
    return { pid: processIn(dir), adminPort: envoy.adminPort };
  };
  const [caller, guarded] = await Promise.all(workloads.map(startSidecar));
  process.once('disconnect', () => void server.stop().finally(() => process.exit(0)));
  if (caller === undefined || guarded === undefined) throw new Error('a sidecar is missing');
  return { port: ports[0] ?? 0, token: guard?.token ?? null, caller, server: guarded };
}

/** The one that was started in this directory. */
function processIn(directory: string): number {
  const isThere = (pid: string): boolean => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === directory;
    } catch {
      // Gone, or not ours.
      return false;
    }
  };
  return Number(readdirSync('/proc').find((name) => /^[0-9]+$/.test(name) && isThere(name)));
}

process.once('message', (options) => {
  void start(options as MeshOptions).then((ready) => process.send?.(ready));
});
