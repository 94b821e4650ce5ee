// The cluster that the end-to-end tests run on: the one of KUBECONFIG, or one on this machine. Entries: startTarget,
// targetAvailable.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as named from '../../../deploy/image-contents.ts';
import { type Cluster, startCluster } from '../../cluster/cluster.ts';
import { must, run } from '../../cluster/command.ts';
import { operatorTestImageName, writeOperatorImage } from '../../cluster/operator-image.ts';
import { type Availability, clusterAvailable } from '../../cluster/prepare.ts';
import { envoyImage, envoyImageName, nodeImage, nodeImageName } from '../../cluster/standard-images.ts';
import { cacheDir } from '../../support/kubernetes/assets.ts';
import type { CommandResult } from '../../support/kubernetes.ts';

export interface Images {
  readonly operator: string;
  readonly sidecar: string;
  /** Any with Node 24 as `node`. */
  readonly node: string;
}

export interface Target {
  readonly images: Images;
  readonly kubeconfigPath: string;
  /** As a child process is started with it. */
  readonly kubectlCommand: readonly string[];
  /** Only of the cluster on this machine: for what kubectl cannot do. */
  readonly machine: Cluster | undefined;
  kubectl(args: readonly string[], stdin?: string): Promise<CommandResult>;
  mustKubectl(args: readonly string[], stdin?: string): Promise<string>;
  stop(): Promise<void>;
}

/** Of the released installation; the image of the operator must have been loaded under this name. */
export const released: Images = {
  operator: named.operatorImageName,
  sidecar: named.sidecarImageName,
  node: named.nodeImageName,
};

const local: Images = { operator: operatorTestImageName, sidecar: envoyImageName, node: nodeImageName };

export async function targetAvailable(): Promise<Availability> {
  return kubeconfig() === undefined ? await clusterAvailable() : { available: true };
}

/** The newest Kubernetes, on this machine whatever KUBECONFIG says. */
export async function startNewestTarget(): Promise<Target> {
  const cluster = await startWithImages(() => undefined, true);
  return targetOf(
    { program: join(cacheDir(), 'kubectl'), kubeconfigPath: cluster.kubeconfigPath },
    local,
    cluster,
  );
}

export async function startTarget(log: (line: string) => void): Promise<Target> {
  const path = kubeconfig();
  if (path !== undefined) return targetOf({ program: 'kubectl', kubeconfigPath: path }, mirrored());
  const cluster = await startWithImages(log);
  const { kubeconfigPath } = cluster;
  return targetOf({ program: join(cacheDir(), 'kubectl'), kubeconfigPath }, local, cluster);
}

/** The operator's image changes with every edit: its archive is not kept. */
async function startWithImages(log: (line: string) => void, isNewest = false): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'meshwright-e2e-'));
  try {
    const archive = join(folder, 'operator.tar');
    const operatorImage = writeOperatorImage(archive).then(() => archive);
    return await startCluster({ images: [nodeImage(), envoyImage(), operatorImage], log, isNewest });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** For clusters that get their images from elsewhere. */
function mirrored(): Images {
  const { env } = process;
  return {
    operator: env['MESHWRIGHT_E2E_OPERATOR_IMAGE'] ?? released.operator,
    sidecar: env['MESHWRIGHT_E2E_SIDECAR_IMAGE'] ?? released.sidecar,
    node: env['MESHWRIGHT_E2E_NODE_IMAGE'] ?? released.node,
  };
}

function kubeconfig(): string | undefined {
  const path = process.env['KUBECONFIG'];
  return path === '' ? undefined : path;
}

interface Kubectl {
  readonly program: string;
  readonly kubeconfigPath: string;
}

function targetOf({ program, kubeconfigPath }: Kubectl, images: Images, machine?: Cluster): Target {
  const kubectlCommand = [program, `--kubeconfig=${kubeconfigPath}`];
  const options = (stdin: string | undefined): { stdin: string } | object =>
    stdin === undefined ? {} : { stdin };
  return {
    images,
    kubeconfigPath,
    kubectlCommand,
    machine,
    kubectl: async (args, stdin) => await run([...kubectlCommand, ...args], options(stdin)),
    mustKubectl: async (args, stdin) => await must([...kubectlCommand, ...args], options(stdin)),
    stop: async () => {
      await machine?.stop();
    },
  };
}
