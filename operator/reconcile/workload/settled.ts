// How a workload is with which there is nothing to do at the moment: rolling out, failed, or as it is to be. Entries: settled, settledByPolicy, outside.
import type { WorkloadState } from '../../conditions/workload-report.ts';
import type { LiveWorkload } from '../../ports/workload-port.ts';
import { injectedKey } from '../../values/own-names.ts';
import type { Memory } from '../memory.ts';
import type { PodFacts } from '../pods.ts';
import { healthOf, isServing } from '../rollout/health.ts';
import { again, done, type ReconcileDeps, type Step, type Subject } from './step.ts';

const watchRolloutMs = 1000;
const watchFailedMs = 5000;

/** The template is as it should be, with our part. */
export function settled({ nowMs }: ReconcileDeps, { key, live, actual, notices, memory }: Subject): Step {
  const { rollouts } = memory;
  memory.injected.set(key, live.uid);
  const health = healthOf(live);
  // Begun by the leader before us.
  const isUnderWay = health.type !== 'complete' && isServing(live) && actual.isLastWriter;
  if (isUnderWay && !rollouts.isOpen()) rollouts.began(key, nowMs());
  rollouts.update(key, health, nowMs());
  return (
    watched(key, live, memory) ??
    rolling({ key, sidecar: live.template.annotations[injectedKey] ?? '' }, live, memory) ?? {
      outcome: done,
      state: rolledState(live, notices),
    }
  );
}

/** Its pods get the sidecar from the API server, or are about to. */
export function settledByPolicy(
  { nowMs }: ReconcileDeps,
  { key, live, actual, notices, memory, pods }: Subject,
  revision: string,
): Step {
  const { rollouts } = memory;
  memory.injected.delete(key);
  const health = healthOf(live);
  // Begun by the leader before us.
  const isUnderWay =
    health.type !== 'complete' && isServing(live) && actual.restarted?.startsWith(revision) === true;
  if (isUnderWay && !rollouts.isOpen()) rollouts.began(key, nowMs());
  rollouts.update(key, health, nowMs());
  return (
    watched(key, live, memory) ??
    rolling({ key, sidecar: revision }, live, memory) ??
    replaced(live, pods, revision) ?? { outcome: done, state: rolledState(live, notices) }
  );
}

/** Until no pod of another revision is left. */
function replaced(
  { ref, rollout }: LiveWorkload,
  pods: readonly PodFacts[],
  revision: string,
): Step | undefined {
  const outdated = pods.filter((pod) => pod.revision !== revision).length;
  if (outdated === 0 || ref.kind === 'CronJob') return undefined;
  const { isAutomatic, isPaused } = rollout;
  const count = `${outdated} of ${pods.length} ${pods.length === 1 ? 'pod' : 'pods'} without an up-to-date sidecar.`;
  if (isAutomatic && !isPaused)
    return {
      outcome: again(watchRolloutMs),
      state: { type: 'pending', reason: 'RollingOut', message: count },
    };
  const message = isPaused
    ? `${count} The workload is paused. Its pods get the sidecar when you resume it.`
    : `${count} The update strategy of the workload does not replace them. Delete them.`;
  return { outcome: done, state: { type: 'pending', reason: 'Paused', message } };
}

/** Until all pods of a new sidecar are there. Nobody waits for this one: it served nobody when it was changed. */
function rolling(
  { key, sidecar }: { readonly key: string; readonly sidecar: string },
  live: LiveWorkload,
  { rolled }: Memory,
): Step | undefined {
  const health = healthOf(live);
  if (live.rollout.isPaused) return undefined;
  if (health.type === 'complete') rolled.set(key, sidecar);
  if (health.type === 'complete' || rolled.get(key) === sidecar) return undefined;
  const message = health.type === 'failed' ? `${progressOf(live)} ${health.message}` : progressOf(live);
  const outcome = again(health.type === 'failed' ? watchFailedMs : watchRolloutMs);
  return { outcome, state: { type: 'pending', reason: 'RollingOut', message } };
}

function progressOf({ rollout }: LiveWorkload): string {
  const { updated, wanted, available } = rollout;
  return `Rolling out: ${updated} of ${wanted} pods updated, ${available} available.`;
}

function rolledState({ rollout }: LiveWorkload, notices: readonly string[]): WorkloadState {
  if (!rollout.isPaused || (rollout.outdated === 0 && rollout.updated >= rollout.wanted))
    return { type: 'injected', ...(notices.length > 0 && { notices }) };
  return {
    type: 'pending',
    reason: 'Paused',
    message: 'The workload is paused. Its pods get the sidecar when you resume it.',
  };
}

/** While we wait for its pods. */
function watched(key: string, live: LiveWorkload, { rollouts }: Memory): Step | undefined {
  const failure = rollouts.failed().get(key);
  if (failure !== undefined) {
    const message = `The workload did not become healthy after its sidecar changed. Other workloads of namespace ${live.ref.namespace} do not roll out until it is. ${failure} Fix it, or opt out with the pod template label meshwright.dev/inject: "false".`;
    return { outcome: again(watchFailedMs), state: { type: 'pending', reason: 'RolloutFailed', message } };
  }
  if (!rollouts.isActive(key)) return undefined;
  const state = { type: 'pending', reason: 'RollingOut', message: progressOf(live) } as const;
  return { outcome: again(watchRolloutMs), state };
}

/** Nothing of ours, and nothing wanted. */
export function outside({ nowMs }: ReconcileDeps, { key, live, memory }: Subject): Step {
  memory.injected.delete(key);
  memory.rollouts.update(key, healthOf(live), nowMs());
  return watched(key, live, memory) ?? { outcome: done, state: null };
}
