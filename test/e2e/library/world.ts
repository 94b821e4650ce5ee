// What every end-to-end test works with: a cluster with the operator installed from deploy/install.yaml, and words for
// what a user does with kubectl. Entry: startWorld.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { poll } from '../../support/kubernetes/poll.ts';
import { released, startNewestTarget, startTarget, type Target } from './target.ts';

export const ownNamespace = 'meshwright-system';

export interface World extends Target {
  /** YAML text, its images replaced by those of this cluster. */
  applyText(yaml: string): Promise<string>;
  apply(...objects: readonly object[]): Promise<string>;
  /** A file of deploy/. */
  applyFile(name: string): Promise<string>;
  get(...args: readonly string[]): Promise<unknown>;
  /** Waits until the answer is not undefined; default 120 s. */
  until<T>(ask: () => Promise<T | undefined>, deadlineMs?: number): Promise<T>;
  rolledOut(namespace: string, ...workloads: readonly string[]): Promise<void>;
  /** Does not wait for its pods to end. */
  removeNamespace(name: string): Promise<void>;
  /** Those that are there to stay, sorted by name. */
  pods(namespace: string, selector: string): Promise<readonly Pod[]>;
}

const Pod = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    creationTimestamp: z.string(),
    deletionTimestamp: z.string().optional(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  spec: z.object({
    nodeName: z.string().default(''),
    initContainers: z.array(z.object({ name: z.string() })).default([]),
  }),
  status: z.object({
    containerStatuses: z.array(z.object({ name: z.string(), restartCount: z.number() })).default([]),
    podIP: z.string().default(''),
    conditions: z
      .array(z.object({ type: z.string(), status: z.string(), lastTransitionTime: z.string().nullish() }))
      .default([]),
  }),
});
export type Pod = z.infer<typeof Pod>;
const Pods = z.object({ items: z.array(Pod) });

const untilMs = 120_000;
const deployFolder = join(import.meta.dirname, '../../../deploy');

export async function startWorld(log: (line: string) => void): Promise<World> {
  return await installed(await startTarget(log), 'install.yaml', log);
}

/** Without rights on Secrets, on the newest Kubernetes, whose API server adds the sidecars. */
export async function startNewestWorld(): Promise<World> {
  const world = await installed(await startNewestTarget(), 'install-pod-certificates.yaml', () => undefined);
  await world.applyFile('injection-policy.yaml');
  return world;
}

/** file: of deploy/. */
async function installed(target: Target, file: string, log: (line: string) => void): Promise<World> {
  try {
    const world = worldOf(target);
    await world.applyFile(file);
    await world.rolledOut(ownNamespace, 'deployment/meshwright-operator');
    log('the operator is available');
    return world;
  } catch (error) {
    const logs = await operatorLog(target);
    await target.stop();
    throw new Error(`The operator does not come up. ${logs}`, { cause: error });
  }
}

/** The last lines of each operator, for the messages of tests that fail. */
export async function operatorLog({ kubectl }: Pick<Target, 'kubectl'>): Promise<string> {
  const selected = [`--namespace=${ownNamespace}`, '--selector=app.kubernetes.io/component=operator'];
  const { stdout } = await kubectl(['logs', ...selected, '--prefix', '--tail=20']);
  return stdout;
}

/** Takes away what the tests made on a cluster that stays. */
export async function leaveWorld(world: World, namespaces: readonly string[]): Promise<void> {
  if (world.machine === undefined) {
    const files = ['install.yaml', 'uninstall.yaml'].map((name) => `--filename=${join(deployFolder, name)}`);
    const always = ['--ignore-not-found', '--wait=false'];
    await world.kubectl(['delete', ...files, ...always]);
    await world.kubectl(['delete', 'namespace', ...namespaces, ...always]);
  }
  await world.stop();
}

export function isReady({ status }: Pod): boolean {
  return status.conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}

function worldOf(target: Target): World {
  const withImages = imagesReplaced(target);
  const applyText = async (yaml: string): Promise<string> =>
    await target.mustKubectl(['apply', '--filename=-'], withImages(yaml));
  const get = async (...args: readonly string[]): Promise<unknown> =>
    JSON.parse(await target.mustKubectl(['get', '--output=json', ...args]));
  return {
    ...target,
    applyText,
    apply: async (...items) => await applyText(JSON.stringify({ apiVersion: 'v1', kind: 'List', items })),
    applyFile: async (name) => await applyText(await readFile(join(deployFolder, name), 'utf8')),
    get,
    until: async (ask, deadlineMs = untilMs) => await poll(ask, { intervalMs: 200, deadlineMs }),
    rolledOut: async (namespace, ...workloads) => {
      for (const workload of workloads) {
        // oxlint-disable-next-line no-await-in-loop -- kubectl looks at one at a time, too
        await target.mustKubectl([
          'rollout',
          'status',
          workload,
          `--namespace=${namespace}`,
          '--timeout=150s',
        ]);
      }
    },
    removeNamespace: async (name) => {
      await target.mustKubectl(['delete', 'namespace', name, '--wait=false']);
    },
    pods: async (namespace, selector) => {
      const { items } = Pods.parse(await get('pods', `--namespace=${namespace}`, `--selector=${selector}`));
      return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).toSorted(byName);
    },
  };
}

function byName(a: Pod, b: Pod): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

function imagesReplaced({ images }: Target): (yaml: string) => string {
  const pairs = [
    [released.operator, images.operator],
    [released.sidecar, images.sidecar],
    [released.node, images.node],
  ] as const;
  return (yaml) => pairs.reduce((text, [from, to]) => text.replaceAll(from, to), yaml);
}
