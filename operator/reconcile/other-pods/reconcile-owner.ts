// One owner of pods without a template that we know: at most one of its pods is evicted, then all have to be back. Entry: reconcileOwner.
import { certificateSecretName } from '../../certificates/names.ts';
import type { Delivery } from '../../certificates/delivery.ts';
import { noRevision } from '../../infra/patches.ts';
import type { PendingReason } from '../../conditions/workload-report.ts';
import type { PodPort } from '../../ports/pod-port.ts';
import { forget, type Memory } from '../memory.ts';
import { inQueue, missing } from '../workload/obstacles.ts';
import { again, done, type ReconcileDeps, type Step } from '../workload/step.ts';
import { decideOther, healthAfter } from './decide.ts';
import type { OwnedPod } from './owners.ts';

export interface Owner {
  /** `ReplicaSet/shop/legacy` */
  readonly key: string;
  readonly namespace: string;
  readonly pods: readonly OwnedPod[];
  /** See revisionIn. */
  readonly revision: string | null;
  readonly delivery: Delivery;
  /** null: the Mesh asks for no evictions. What was begun is forgotten, and whom it stopped may go on. */
  readonly evict: PodPort['evict'] | null;
}

const watchMs = 1000;
const watchFailedMs = 5000;
const retryMs = 10_000;

export async function reconcileOwner(deps: ReconcileDeps, owner: Owner, memory: Memory): Promise<Step> {
  const { key, revision, evict } = owner;
  memory.rollouts.withdraw(key);
  if (evict === null) {
    forget(memory, key);
    return { outcome: done, state: null };
  }
  const underWay = watched(deps, owner, memory);
  if (revision === null) return underWay ?? { outcome: done, state: null };
  return await proceed(deps, { ...owner, revision, evict }, memory, underWay);
}

/** An owner with pods of which is known how they are to be. */
interface Asked extends Owner {
  readonly revision: string;
  readonly evict: PodPort['evict'];
}

async function proceed(
  deps: ReconcileDeps,
  owner: Asked,
  memory: Memory,
  underWay: Step | undefined,
): Promise<Step> {
  const { key, namespace, pods, revision } = owner;
  const isOld = (uid: string): boolean => memory.others.isOld(namespace, uid);
  const action = decideOther(pods, { wanted: revision, isOld });
  if (action.type === 'pointless')
    return { outcome: underWay?.outcome ?? done, state: pointless(key, action.pod, revision) };
  if (underWay !== undefined) return underWay;
  // What is bounded are evictions that do not help.
  if (pods.some(({ ref }) => !isOld(ref.uid))) memory.restores.forget(key);
  switch (action.type) {
    case 'none':
      return { outcome: done, state: null };
    case 'right':
      return { outcome: done, state: { type: 'injected' } };
    case 'wait':
      return pending('AwaitsPods', `Waiting until all of its pods are ready: ${countOf(pods)}.`, done);
    case 'evict':
      return obstacleTo(deps, owner, memory) ?? (await attempt(deps, owner, action.pod, memory));
  }
}

/** While the pod that was evicted is not replaced. */
function watched(
  { nowMs }: ReconcileDeps,
  { key, namespace, pods }: Owner,
  memory: Memory,
): Step | undefined {
  const { rollouts, others } = memory;
  const eviction = others.evicted.get(key);
  if (eviction === undefined) return undefined;
  const health = healthAfter(pods, eviction);
  rollouts.update(key, health, nowMs());
  if (health.type === 'complete') {
    others.evicted.delete(key);
    return undefined;
  }
  const { name } = eviction.pod.ref;
  const count = `${countOf(pods)}, and there were ${eviction.count}`;
  if (rollouts.failed().has(key)) {
    const message = `Its pods are not all ready 10 minutes after pod ${name} was evicted: ${count}. Nothing else in namespace ${namespace} is rolled until they are. Repair them; if there are to be fewer, set spec.sidecar.rollout.otherPods of the Mesh to Keep, and to Evict again.`;
    return pending('RolloutFailed', message, again(watchFailedMs));
  }
  return pending(
    'AwaitsPods',
    `Pod ${name} was evicted. Waiting until its successor is ready: ${count}.`,
    again(watchMs),
  );
}

/** Asking for a turn comes last, and later: who has one must use it. */
function obstacleTo(
  { nowMs }: ReconcileDeps,
  { key, namespace, revision }: Asked,
  memory: Memory,
): Step | undefined {
  const restMs = memory.others.restMs(namespace, nowMs());
  if (restMs > 0) return { outcome: again(restMs), state: inQueue(undefined) };
  const permission = memory.restores.mayRestore(key, revision, nowMs());
  if (permission.type === 'yes') return undefined;
  return pending(
    'Contested',
    `Meshwright evicted ${permission.count} of its pods in the last hour without effect, and has stopped. Check what creates its pods.`,
    again(permission.againInMs),
  );
}

async function attempt(
  deps: ReconcileDeps,
  { key, namespace, pods, revision, delivery, evict }: Asked,
  pod: OwnedPod,
  { rollouts, restores, others }: Memory,
): Promise<Step> {
  const isLeaving = revision === noRevision;
  const lacks = isLeaving ? undefined : await missing(deps, namespace, sourceFor(pod, delivery));
  if (lacks !== undefined) return lacks;
  if (!rollouts.request(key, isLeaving))
    return { outcome: done, state: inQueue(isLeaving ? undefined : rollouts.heldUpBy(key)) };
  const outcome = await evict(pod.ref);
  const { name } = pod.ref;
  if (outcome.type === 'evicted') {
    const count = pods.filter(({ isStaying }) => isStaying).length;
    others.evicted.set(key, { pod, count });
    restores.record(key, revision, deps.nowMs());
    rollouts.began(key, deps.nowMs());
    const message = `Pod ${name} was evicted. Waiting until its successor is ready.`;
    return pending('AwaitsPods', message, again(watchMs));
  }
  // Others may have the turn.
  rollouts.withdraw(key);
  if (outcome.type === 'gone') return { outcome: again(watchMs), state: inQueue(undefined) };
  const why =
    outcome.type === 'blocked'
      ? `A PodDisruptionBudget does not allow the eviction of pod ${name}`
      : `The API server refused the eviction of pod ${name}`;
  return pending('EvictionBlocked', `${why}: ${outcome.message}`, again(retryMs));
}

function sourceFor({ serviceAccount }: OwnedPod, { inUse }: Delivery): Parameters<typeof missing>[2] {
  return inUse === 'PodCertificate'
    ? { type: inUse }
    : { type: inUse, secret: certificateSecretName(serviceAccount) };
}

function pointless(key: string, { ref }: OwnedPod, revision: string): NonNullable<Step['state']> {
  const [came, todo] =
    revision === noRevision
      ? [
          'has a sidecar, although it was created after its namespace left the mesh',
          'Check that all API servers are healthy, and what creates its pods.',
        ]
      : [
          'has no sidecar of the present settings, although it was created while the API server added them',
          'See which pods get none in "By the API server" of docs/kubernetes.md, or label its pods meshwright.dev/inject: "false".',
        ];
  const message = `Pod ${ref.name} ${came}. So evictions do not help, and Meshwright evicts no pods of ${key}. ${todo}`;
  return { type: 'pending', reason: 'Contested', message };
}

function countOf(pods: readonly OwnedPod[]): string {
  const staying = pods.filter(({ isStaying }) => isStaying);
  const ready = staying.filter(({ isReady }) => isReady).length;
  return `${ready} of ${staying.length} ${staying.length === 1 ? 'is' : 'are'} ready`;
}

function pending(reason: PendingReason, message: string, outcome: Step['outcome']): Step {
  return { outcome, state: { type: 'pending', reason, message } };
}
