// Starts the programs of a cluster in their order and waits until all of them do their work. Entry: boot.
// It makes no namespaces and removes nothing.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeCertificates } from './certificates.ts';
import { must, run } from './command.ts';
import { type ComponentName, components, type ProgramFolders } from './components.ts';
import { writeConfiguration } from './configuration.ts';
import * as health from './health.ts';
import { writeKubeconfigs } from './kubeconfig.ts';
import type { Layout } from './layout.ts';
import type { Namespaces } from './namespaces.ts';
import type { Processes } from './processes.ts';

export interface BootInput {
  readonly layout: Layout;
  readonly programs: ProgramFolders;
  readonly namespaces: Namespaces;
  readonly processes: Processes;
  /** Archives to import before the first pod can be made; the pause image among them. */
  readonly images: readonly Promise<string>[];
  readonly log: (line: string) => void;
}

const controlPlaneMs = 180_000;
const nodeMs = 180_000;
const importMs = 300_000;

/** Files that the programs read when they start. */
export async function writeFiles(layout: Layout, pluginFolder: string): Promise<void> {
  const { pkiDir, kubeconfigDir, configDir, dataDir, logDir } = layout;
  await Promise.all(
    [pkiDir, kubeconfigDir, configDir, dataDir, logDir].map((folder) => mkdir(folder, { recursive: true })),
  );
  await Promise.all([writeConfiguration(layout, pluginFolder), writeCertificates(layout)]);
  await writeKubeconfigs(layout);
}

export async function boot(input: BootInput): Promise<void> {
  const { layout, processes, log } = input;
  await start(input, ['etcd', 'kube-apiserver', 'containerd']);
  await Promise.all([
    processes.until({
      of: 'kube-apiserver',
      what: 'is ready',
      deadlineMs: controlPlaneMs,
      check: () => health.apiReady(layout),
    }),
    importImages(input),
  ]);
  log('API server is ready, images are imported');
  await allowDnsToRead(input);
  await start(input, ['kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'coredns']);
  const until = async (of: ComponentName, what: string, check: () => Promise<boolean>): Promise<void> => {
    await processes.until({ of, what, deadlineMs: nodeMs, check });
    log(`${of} ${what}`);
  };
  await Promise.all([
    until('kubelet', 'reports a ready node', () => health.nodeReady(layout)),
    until('kube-controller-manager', 'has filled namespaces', () => health.namespaceReady(layout)),
    until('kube-proxy', 'serves service addresses', () => health.serviceAddressesWork(layout)),
    until('coredns', 'resolves names', () => health.namesResolve(layout)),
  ]);
}

/** `ctr`, as it is called inside of the cluster's namespaces. */
export function containerdClient(layout: Layout): readonly string[] {
  return ['ctr', '--address', layout.containerdSocket, '--namespace', 'k8s.io'];
}

export async function importImage(layout: Layout, namespaces: Namespaces, archive: string): Promise<void> {
  const command = ['images', 'import', '--snapshotter', 'overlayfs', archive];
  await must(namespaces.enter([...containerdClient(layout), ...command]), { deadlineMs: importMs });
}

async function start(input: BootInput, names: readonly ComponentName[]): Promise<void> {
  const commands = components(input.layout, input.programs);
  await Promise.all(names.map((name) => input.processes.start(name, input.namespaces.enter(commands[name]))));
}

async function importImages({ layout, namespaces, processes, images }: BootInput): Promise<void> {
  await processes.until({
    of: 'containerd',
    what: 'answers',
    deadlineMs: nodeMs,
    check: async () => {
      const { code } = await run(namespaces.enter([...containerdClient(layout), 'version']));
      return code === 0;
    },
  });
  for (const image of images) {
    // oxlint-disable-next-line no-await-in-loop -- they would only fight for the disk
    await importImage(layout, namespaces, await image);
  }
}

/** The only component whose user Kubernetes brings no role for. */
async function allowDnsToRead({ layout, programs }: BootInput): Promise<void> {
  const name = 'system:coredns';
  const rbac = 'rbac.authorization.k8s.io';
  const read = (apiGroup: string, resources: readonly string[]): unknown => ({
    apiGroups: [apiGroup],
    resources,
    verbs: ['list', 'watch'],
  });
  const role = {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name },
    rules: [
      read('', ['services', 'pods', 'namespaces', 'endpoints']),
      read('discovery.k8s.io', ['endpointslices']),
    ],
  };
  const binding = {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
    subjects: [{ kind: 'User', name, apiGroup: rbac }],
  };
  const list = { apiVersion: 'v1', kind: 'List', items: [role, binding] };
  const kubectl = [join(programs.apiServer, 'kubectl'), `--kubeconfig=${layout.kubeconfigPath}`];
  const cache = `--cache-dir=${join(layout.stateDir, 'kubectl-cache')}`;
  await must([...kubectl, cache, 'apply', '--filename=-'], { stdin: JSON.stringify(list) });
}
