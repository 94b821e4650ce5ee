// A mesh of real Envoys that get everything as in production: started with the bootstrap that the project renders, each with its
// certificate, on one server over mutual TLS. Entry: ServedMesh.start.
import { chown, mkdtemp, rm } from 'node:fs/promises';
import type { SocketAddress } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Root } from '../../../operator/certificates/root.ts';
import { checkMessage } from '../../../operator/envoy/checks/check-message.ts';
import { encodeAny } from '../../../operator/envoy/proto/registry.ts';
import { buildResources } from '../../../operator/envoy/resources/build.ts';
import type { XdsResource, XdsResources } from '../../../operator/envoy/resources/xds-resource.ts';
import { renderBootstrap } from '../../../operator/infra/bootstrap.ts';
import type { Json } from '../../../operator/infra/bootstrap-parts.ts';
import type { MeshIr, WorkloadIr } from '../../../operator/ir/mesh-ir.ts';
import { createLog } from '../../../operator/process/log.ts';
import { formatNodeId } from '../../../operator/values/node-id.ts';
import { reloadableCredentials } from '../../../operator/xds/server/credentials.ts';
import type { GrpcService } from '../../../operator/xds/server/endpoint.ts';
import { type AdsServer, createAdsServer } from '../../../operator/xds/server/server.ts';
import { buildSnapshot } from '../../../operator/xds/snapshot/snapshot.ts';
import type { Snapshot } from '../../../operator/xds/snapshot/types.ts';
import { startEnvoy } from '../envoy.ts';
import { trustDomain } from '../mesh-samples.ts';
import type { ProxyPlace } from '../pod-proxy.ts';
import { CertificateFolder, issue, makeTestRoot } from './certificate-folder.ts';
import type { Closing } from './closing.ts';
import { inItsFolder, type Sidecar, withLog } from './sidecars.ts';

const operatorId = `spiffe://${trustDomain}/ns/meshwright-system/sa/meshwright`;

export interface ServedSidecar extends Sidecar {
  readonly certificates: CertificateFolder;
}

/** Changes a resource of any layer before it is published. */
export type Edit = (resource: XdsResource) => XdsResource;

/** A second server with the same content. */
export interface OtherServer {
  readonly services: readonly GrpcService[];
  /** Names of the workloads that it serves. */
  readonly serves: readonly string[];
}

export interface Somewhere {
  /** Of the sidecar of a workload, by its name. */
  placeOf(name: string): ProxyPlace;
  /** Where the server of this port here is found there. */
  relayTo(port: number): Promise<Pick<SocketAddress, 'address' | 'port'>>;
}

export class ServedMesh {
  readonly root: Root;
  readonly server: AdsServer;
  /** Absent: there is one server. */
  readonly other: AdsServer | undefined;
  /** By workload name. */
  readonly sidecars: Map<string, ServedSidecar>;
  /** PEM; of what is published from now on. */
  revocationList: string | null = null;
  /** PEM of the public CAs; of what is published from now on. */
  publicRoots = '';
  private readonly workloads: readonly WorkloadIr[];
  private snapshot: Snapshot | null = null;

  private constructor({ root, server, other, workloads, sidecars }: MeshParts) {
    this.root = root;
    this.server = server;
    this.other = other;
    this.workloads = workloads;
    this.sidecars = sidecars;
  }

  /**
   * A sidecar for each of its workloads; all have acknowledged everything when it resolves.
   * @param args more arguments of each Envoy
   * @param memoryLimit that each is told to have. Default: none
   * @param more services: on the same port, default none; connectionAgeMs: default as in the operator; other: a second server, default none; somewhere: where sidecars run, default here;
   * bootstrap: fields in place of those that the project renders, default none
   */
  static async start(
    ir: MeshIr,
    closing: Closing,
    args: readonly string[] = [],
    memoryLimit?: string,
    more: {
      readonly services?: readonly GrpcService[];
      readonly connectionAgeMs?: number;
      readonly other?: OtherServer;
      readonly somewhere?: Somewhere;
      readonly bootstrap?: Json;
    } = {},
  ): Promise<ServedMesh> {
    const { services = [], connectionAgeMs, somewhere, bootstrap = {} } = more;
    const root = await makeTestRoot(trustDomain);
    const server = await startServer(root, ir.workloads, services, closing, connectionAgeMs);
    const other = more.other && (await startServer(root, ir.workloads, more.other.services, closing));
    const sidecars = new Map<string, ServedSidecar>();
    const mesh = new ServedMesh({ root, server, other, workloads: ir.workloads, sidecars });
    mesh.publish(ir);
    const xds = await somewhere?.relayTo(server.port());
    await Promise.all(
      ir.workloads.map(async (workload) => {
        const place = somewhere && xds && { ...somewhere.placeOf(workload.name), xds };
        const own = more.other?.serves.includes(workload.name) === true ? other : undefined;
        const parts = { root, server: own ?? server, workload, args, memoryLimit, place, bootstrap };
        sidecars.set(workload.name, await startSidecar(parts, closing));
      }),
    );
    await mesh.programmed();
    return mesh;
  }

  sidecar(name: string): ServedSidecar {
    const found = this.sidecars.get(name);
    if (found === undefined) throw new Error(`there is no sidecar of ${name}`);
    return found;
  }

  /** Another sidecar in its place, which may not become ready. */
  async restart(name: string, closing: Closing): Promise<void> {
    const workload = this.workloads.find((one) => one.name === name);
    if (workload === undefined) throw new Error(`there is no workload ${name}`);
    await this.sidecar(name).stop();
    const parts = { root: this.root, server: this.server, workload, args: [], memoryLimit: undefined };
    this.sidecars.set(name, await beginSidecar(parts, closing));
  }

  /** @throws if our own checks refuse a resource of it */
  publish(ir: MeshIr, edit: Edit = (it) => it): void {
    const { root, revocationList, publicRoots } = this;
    const built = buildResources(ir, { trustBundle: root.certificate, revocationList, publicRoots });
    this.snapshot = buildSnapshot(this.snapshot, edited(built, edit), { encodeAny, check: checkMessage });
    const [invalid] = this.snapshot.invalid;
    if (invalid !== undefined) throw new Error(`${invalid.name}: ${invalid.message}`);
    this.server.publish(this.snapshot);
    this.other?.publish(this.snapshot);
  }

  /**
   * Resolves when every sidecar has acknowledged all that was published.
   * @throws if one refuses something
   */
  async programmed(): Promise<void> {
    const [anyone] = this.sidecars.values();
    await anyone?.waitFor(() => {
      const reports = [...this.server.proxies(), ...(this.other?.proxies() ?? [])];
      const [refusal] = reports.flatMap(({ rejected }) => rejected);
      if (refusal !== undefined) throw new Error(`${refusal.name} was refused: ${refusal.message}`);
      const isDone = reports.every(({ atRest, lagging }) => atRest && lagging.length === 0);
      return reports.length === this.workloads.length && isDone;
    });
  }

  /** Publishes, and waits until it is acknowledged. */
  async program(ir: MeshIr, edit?: Edit): Promise<void> {
    this.publish(ir, edit);
    await this.programmed();
  }
}

interface MeshParts {
  readonly root: Root;
  readonly server: AdsServer;
  readonly other: AdsServer | undefined;
  readonly workloads: readonly WorkloadIr[];
  readonly sidecars: Map<string, ServedSidecar>;
}

function edited({ layers, views }: XdsResources, edit: Edit): XdsResources {
  return { layers: new Map([...layers].map(([id, resources]) => [id, resources.map(edit)])), views };
}

async function startServer(
  root: Root,
  workloads: readonly WorkloadIr[],
  services: readonly GrpcService[],
  closing: Closing,
  connectionAgeMs?: number,
): Promise<AdsServer> {
  const tls = reloadableCredentials();
  tls.update({ ...(await issue(root, operatorId, ['127.0.0.1'])), trustBundle: root.certificate });
  const nothing = (): void => undefined;
  const server = createAdsServer({
    address: '127.0.0.1:0',
    ...(connectionAgeMs !== undefined && { connectionAgeMs }),
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
    services: () => services,
    log: createLog('silent'),
    identifier: 'test',
  });
  await server.start();
  closing.add(() => server.stop());
  return server;
}

interface SidecarParts {
  readonly root: Root;
  readonly server: AdsServer;
  readonly workload: WorkloadIr;
  readonly args: readonly string[];
  readonly memoryLimit: string | undefined;
  readonly bootstrap?: Json;
  /** Default: here. */
  readonly place?: (ProxyPlace & { readonly xds: Pick<SocketAddress, 'address' | 'port'> }) | undefined;
}

async function startSidecar(parts: SidecarParts, closing: Closing): Promise<ServedSidecar> {
  const sidecar = await beginSidecar(parts, closing);
  // Elsewhere, its admin port is not ours to reach: its acknowledgements will tell.
  if (parts.place === undefined) await sidecar.waitFor(() => sidecar.ready());
  return sidecar;
}

async function beginSidecar(
  { root, server, workload, args, memoryLimit, bootstrap: more = {}, place }: SidecarParts,
  closing: Closing,
): Promise<ServedSidecar> {
  const dir = await mkdtemp(join(tmpdir(), `meshwright-served-${workload.name}-`));
  closing.add(() => rm(dir, { recursive: true, force: true }));
  const certificates = new CertificateFolder(dir);
  await certificates.create(await issue(root, workload.identity.spiffeId), root);
  const bootstrap = renderBootstrap({
    nodeId: formatNodeId(workload),
    cluster: 'default',
    xds: { address: '127.0.0.1', port: server.port(), ...place?.xds, serverSpiffeId: operatorId },
    adminPort: 0,
    memoryLimit,
  });
  if (place !== undefined) await chown(dir, place.user, place.user);
  const envoy = await startEnvoy({
    bootstrap: JSON.stringify({ ...bootstrap, ...more }),
    dir,
    ...inItsFolder(dir),
    args: ['--file-flush-interval-msec', '20', '--log-level', 'warning', ...args],
    ...(place !== undefined && { inside: place.inside }),
  });
  closing.add(() => envoy.stop());
  return { ...withLog(envoy), certificates };
}
