// Brings the mesh of the demo up: operator, certificates, applications, sidecars, in the order in which they need
// each other. Stopping is the children's business.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { operatorSpiffeId } from '../../operator/certificates/identity.ts';
import { formatNodeId } from '../../operator/values/node-id.ts';
import type { Children } from '../process/children.ts';
import { projectPath } from '../process/children.ts';
import type { PortBlock } from '../process/ports.ts';
import { waitFor } from '../process/wait.ts';
import { call } from '../traffic/call.ts';
import { operatorNamespace, OperatorProcess } from './operator.ts';
import { createSidecarFolder, hasCertificate } from './sidecar-folder.ts';
import { Sidecar } from './sidecar.ts';
import { readWorkloads, type Workload } from './workloads.ts';
import { writeManifests, type Workspace } from './workspace.ts';

/** As manifests/mesh.yaml says. */
const trustDomain = 'demo.local';

export interface Surroundings {
  readonly workspace: Workspace;
  readonly ports: PortBlock;
  readonly children: Children;
  /** Path of the Envoy binary. */
  readonly envoy: string;
  readonly signal: AbortSignal;
  /** A folder of manifests beside those of the shop. */
  readonly manifests?: string;
}

export interface RunningMesh {
  readonly operator: OperatorProcess;
  readonly workloads: readonly Workload[];
  readonly sidecars: ReadonlyMap<string, Sidecar>;
  /** By their name in the manifests. */
  readonly ports: ReadonlyMap<string, number>;
}

/** Resolves when every sidecar takes traffic. */
export async function bringUp(around: Surroundings): Promise<RunningMesh> {
  const { workspace, ports, children, signal } = around;
  const chosen = writeManifests(workspace, ports, around.manifests);
  const workloads = readWorkloads(readFileSync(join(workspace.mesh, 'workloads.yaml'), 'utf8'));
  const operator = new OperatorProcess(workspace, children, { xds: ports.take(), admin: ports.take() });
  await Promise.all([
    operator.start(signal),
    ...workloads.map((workload) => startApplication(workload, around)),
  ]);
  const sidecars = await Promise.all(workloads.map((workload) => startSidecar(workload, operator, around)));
  await Promise.all(sidecars.map((sidecar) => sidecar.live(signal)));
  return {
    operator,
    workloads,
    ports: chosen,
    sidecars: new Map(workloads.map(({ name }, at) => [name, sidecars[at]] as const).filter(isPair)),
  };
}

/** Where the operator keeps the certificate of the workload's service account. */
export function secretsFolder(workspace: Workspace, workload: Workload): string {
  return join(workspace.state, 'secrets', workload.namespace, `meshwright-${workload.serviceAccount}`);
}

async function startApplication(workload: Workload, { children, workspace }: Surroundings): Promise<void> {
  const { name, app, version, application, outbound } = workload;
  if (application === undefined) return;
  const [upstream] = outbound.values();
  const toUpstream = upstream === undefined ? [] : ['--upstream', `http://127.0.0.1:${upstream}/`];
  await children.start({
    name: `the application ${name}`,
    command: process.execPath,
    args: [
      'demo/shop/app.ts',
      '--service',
      app,
      '--version',
      version,
      '--port',
      String(application.port),
      ...toUpstream,
    ],
    cwd: projectPath('.'),
    stdout: join(workspace.logs, `${name}.app.stdout`),
    stderr: join(workspace.logs, `${name}.app.stderr`),
  });
}

async function startSidecar(
  workload: Workload,
  operator: OperatorProcess,
  around: Surroundings,
): Promise<Sidecar> {
  const { workspace, ports, children, envoy, signal } = around;
  const secrets = secretsFolder(workspace, workload);
  await waitFor(() => (hasCertificate(secrets) ? true : undefined), {
    what: `the certificate of ${workload.serviceAccount} in ${secrets}`,
    deadlineMs: 15_000,
    signal,
  });
  const adminPort = ports.take();
  const folder = join(workspace.root, 'sidecars', workload.name);
  createSidecarFolder(folder, secrets, {
    nodeId: formatNodeId({
      kind: 'ExternalWorkload',
      namespace: workload.namespace,
      name: workload.name,
      uid: '',
    }),
    cluster: 'default',
    xds: {
      address: '127.0.0.1',
      port: operator.ports.xds,
      serverSpiffeId: operatorSpiffeId(trustDomain, operatorNamespace),
    },
    adminPort,
  });
  const sidecar = new Sidecar({ workload, envoy, folder, adminPort, logs: workspace.logs });
  await sidecar.start(children);
  return sidecar;
}

/** Resolves when every sidecar knows all instances of those that its workload calls, without a call. */
export async function reachable({ workloads, sidecars }: RunningMesh, signal: AbortSignal): Promise<void> {
  const instances = (service: string): number => workloads.filter(({ app }) => app === service).length;
  await Promise.all(
    workloads.map(async ({ name, outbound }) => {
      const services = [...outbound.keys()].map((service) => [service, instances(service)] as const);
      await sidecars.get(name)?.reaches(new Map(services), signal);
    }),
  );
}

/** Resolves when a call through all services is answered. */
export async function firstAnswer({ workloads }: RunningMesh, signal: AbortSignal): Promise<void> {
  const port = workloads.find(({ name }) => name === 'visitor')?.outbound.get('productpage') ?? 0;
  let last = '';
  const probe = async (): Promise<true | undefined> => {
    const { status, body } = await call(port);
    last = `${status} ${body.trim().slice(0, 300)}`;
    return status === 200 ? true : undefined;
  };
  await waitFor(probe, {
    what: 'the product page to answer',
    deadlineMs: 20_000,
    everyMs: 50,
    signal,
    seen: () => `The last answer was: ${last}`,
  });
}

function isPair(pair: readonly [string, Sidecar | undefined]): pair is readonly [string, Sidecar] {
  return pair[1] !== undefined;
}
