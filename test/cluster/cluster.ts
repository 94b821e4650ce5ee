// A one-node Kubernetes cluster on this machine, in namespaces of its own: real pods without Docker. Entries:
// startCluster, clusterAvailable (of prepare.ts). It ends with the process that started it, whatever happens to that.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { CommandResult } from '../support/kubernetes.ts';
import { boot, importImage, writeFiles } from './boot.ts';

import { createCgroups, removeCgroups } from './cgroups.ts';
import { claim, release, removeLeftovers } from './claim.ts';
import { must, run, type RunOptions } from './command.ts';
import { components, type ProgramFolders } from './components.ts';
import { apiReady } from './health.ts';
import type { Layout } from './layout.ts';
import { createNamespaces, type Namespaces } from './namespaces.ts';
import { findNewestPrograms } from './programs.ts';
import { findPrepared } from './prepare.ts';
import { Processes } from './processes.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { pauseImage } from './standard-images.ts';

export interface ClusterOptions {
  /** 0 to 99, a part of its addresses; default the first free one from 1. */
  readonly index?: number;
  /** Archives of images to import while it starts, as buildImage and standard-images.ts make them. */
  readonly images?: readonly Promise<string>[];
  /** With the newest API server and kubelet. Default: all of the usual version. */
  readonly isNewest?: boolean;
  /** Gets a line for each step. */
  readonly log?: (line: string) => void;
  /** Breaks the start off. */
  readonly signal?: AbortSignal;
}

export interface Cluster {
  readonly index: number;
  /** Of a user of system:masters. */
  readonly kubeconfigPath: string;
  /** Where pods reach servers of this machine that listen on it or on 0.0.0.0. */
  readonly hostAddress: string;
  /** Also the source address of the kubelet's probes. */
  readonly nodeAddress: string;
  readonly nodeName: string;
  /** `<component>.log` for each program. */
  readonly logDir: string;
  /** Runs kubectl of the cluster's version; a failure is a code, not an error. */
  kubectl(args: readonly string[], stdin?: string): Promise<CommandResult>;
  /** The same, but a failure is an error; returns stdout. */
  mustKubectl(args: readonly string[], stdin?: string): Promise<string>;
  /** Runs a program of this machine inside the cluster's namespaces, where the node's network is. */
  inCluster(command: readonly string[], options?: RunOptions): Promise<CommandResult>;
  /** Makes an image known to the node; a new one of the same name takes the name over. */
  importImage(archive: string): Promise<void>;
  /** Of the first pod that the selector (`app=cart`) finds and that is not being deleted. @throws Error if none has one */
  podIp(namespace: string, selector: string): Promise<string>;
  /** Ends the kubelet and starts it again: pods go on meanwhile. */
  restartKubelet(): Promise<void>;
  /** Kills the API server and starts it again; resolves when it answers. What goes through it is cut off. */
  restartApiServer(): Promise<void>;
  /** Ends everything and removes its traces; again does nothing. */
  stop(): Promise<void>;
}

const Pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ deletionTimestamp: z.string().optional() }),
      status: z.object({ podIP: z.string().optional() }),
    }),
  ),
});

/**
 * Starts an empty cluster; 5 to 10 seconds.
 * @throws Error that says which component failed, with the end of its log; then nothing of it runs any more
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const prepared = await findPrepared();
  if ('reason' in prepared) throw new Error(prepared.reason);
  const { pluginFolder } = prepared;
  const programs = options.isNewest === true ? await findNewestPrograms() : prepared.programs;
  if (programs === undefined) throw new Error('The newest Kubernetes is not built yet.');
  const log = options.log ?? ((): void => undefined);
  const images = options.images ?? [];
  // Whoever awaits one hears of its failure; it must not end the process if the start fails before.
  for (const image of images) image.catch(() => undefined);
  const layout = await claim(options.index);
  const processes = new Processes(layout.logDir, options.signal ?? new AbortController().signal);
  let namespaces: Namespaces | undefined;
  try {
    await removeLeftovers(layout);
    await writeFiles(layout, pluginFolder);
    const pausePath = join(programs.node, 'pause');
    namespaces = await createNamespaces(layout, pausePath);
    await createCgroups(layout.cgroup);
    log(`namespaces of cluster ${layout.index} are made`);
    const all = [Promise.resolve(await pauseImage(pausePath)), ...images];
    await boot({ layout, programs, namespaces, processes, images: all, log });
  } catch (cause) {
    await tearDown(layout, processes, namespaces);
    // The logs stay, for whoever wants to know more.
    await removeFiles([layout.pkiDir, layout.kubeconfigDir, layout.configDir, layout.dataDir]);
    await release(layout);
    throw cause;
  }
  return clusterOf({ layout, programs, namespaces, processes }, async () => {
    await tearDown(layout, processes, namespaces);
    await removeFiles([layout.stateDir]);
    await release(layout);
  });
}

async function tearDown(
  layout: Layout,
  processes: Processes,
  namespaces: Namespaces | undefined,
): Promise<void> {
  await namespaces?.destroy();
  await processes.forget();
  await removeCgroups(layout.cgroup);
}

async function removeFiles(folders: readonly string[]): Promise<void> {
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 5 })));
}

interface Running {
  readonly layout: Layout;
  readonly programs: ProgramFolders;
  readonly namespaces: Namespaces;
  readonly processes: Processes;
}

function clusterOf({ layout, programs, namespaces, processes }: Running, end: () => Promise<void>): Cluster {
  const kubectlCommand = (args: readonly string[]): string[] => [
    join(programs.apiServer, 'kubectl'),
    `--kubeconfig=${layout.kubeconfigPath}`,
    `--cache-dir=${join(layout.stateDir, 'kubectl-cache')}`,
    ...args,
  ];
  const input = (stdin: string | undefined): RunOptions => (stdin === undefined ? {} : { stdin });
  const mustKubectl = async (args: readonly string[], stdin?: string): Promise<string> =>
    await must(kubectlCommand(args), input(stdin));
  const restart = async (name: 'kubelet' | 'kube-apiserver', signal: 'TERM' | 'KILL'): Promise<void> => {
    // There is one in these namespaces.
    const kill = namespaces.enter(['sh', '-c', `kill -${signal} $(pidof ${name})`]);
    await processes.restart(name, namespaces.enter(components(layout, programs)[name]), () => must(kill));
  };
  let ending: Promise<void> | undefined;
  return {
    index: layout.index,
    kubeconfigPath: layout.kubeconfigPath,
    hostAddress: layout.hostAddress,
    nodeAddress: layout.nodeAddress,
    nodeName: layout.nodeName,
    logDir: layout.logDir,
    kubectl: async (args, stdin) => await run(kubectlCommand(args), input(stdin)),
    mustKubectl,
    inCluster: async (command, runOptions) => await run(namespaces.enter(command), runOptions),
    importImage: async (archive) => await importImage(layout, namespaces, archive),
    podIp: async (namespace, selector) => {
      const pods = ['get', 'pods', `--namespace=${namespace}`, `--selector=${selector}`, '--output=json'];
      return firstAddress(await mustKubectl(pods), `${selector} in namespace ${namespace}`);
    },
    restartKubelet: () => restart('kubelet', 'TERM'),
    restartApiServer: async () => {
      // Asked to end, it waits for its watches, for a minute and more.
      await restart('kube-apiserver', 'KILL');
      await poll(async () => ((await apiReady(layout)) ? true : undefined), {
        intervalMs: 100,
        deadlineMs: 120_000,
      });
    },
    stop: async () => {
      ending ??= end();
      await ending;
    },
  };
}

function firstAddress(json: string, what: string): string {
  const { items } = Pods.parse(JSON.parse(json));
  const alive = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const address = alive.map(({ status }) => status.podIP).find((ip) => ip !== undefined);
  if (address === undefined) throw new Error(`No pod with ${what} has an address.`);
  return address;
}
