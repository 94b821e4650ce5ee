// One workload: read, compare, do at most one thing, say how it is. Entry: reconcileWorkload. It reads everything anew
// each time, so that no order of events matters.
import { renderSdsFiles } from '../../infra/certificate-files.ts';
import { sdsConfigMap } from '../../infra/pod-names.ts';
import { injectedKey } from '../../values/own-names.ts';
import type { LiveWorkload, WorkloadRef, WriteOutcome } from '../../ports/workload-port.ts';
import { describeActual } from './actual.ts';
import { type Action, decide, type Write } from './decide.ts';
import { desiredOf, type World } from './desired.ts';
import { healthOf, isServing } from '../rollout/health.ts';
import { forget, type Memory } from '../memory.ts';
import { inQueue, obstacleTo, waitsForTurn } from './obstacles.ts';
import { refKey } from '../../objects/objects.ts';
import type { WorkloadState } from '../../conditions/workload-report.ts';
import { again, done, type ReconcileDeps, type Step, type Subject } from './step.ts';
import { presentPart, removePart, tryPart, wouldChange, writePart } from './writes.ts';

const watchRolloutMs = 1000;
const watchFailedMs = 5000;
const retryConflictMs = 100;
const retryRefusedMs = 60_000;
/** Everything is looked at this often, though nothing seemed to happen. */
export const resyncMs = 600_000;

export async function reconcileWorkload(
  deps: ReconcileDeps,
  ref: WorkloadRef,
  world: World,
  memory: Memory,
): Promise<Step> {
  const key = refKey(ref);
  memory.rollouts.withdraw(key);
  const live = await deps.port.read(ref);
  if (live === undefined || live.isDeleting) {
    forget(memory, key);
    return { outcome: done, state: null };
  }
  const actual = describeActual(live);
  const desired = desiredOf(live, actual, world);
  const action = decide(desired, actual, { wasInjected: memory.injected.has(live.uid) });
  const notices = desired.type === 'present' ? desired.notices : [];
  const step = await perform(deps, { key, live, actual, notices, memory }, action);
  return { live, ...step };
}

async function perform(deps: ReconcileDeps, subject: Subject, action: Action): Promise<Step> {
  switch (action.type) {
    case 'none':
      return subject.actual.hasAny ? settled(deps, subject) : outside(deps, subject);
    case 'verify':
      return await verify(deps, subject, action);
    case 'write':
      return await attempt(deps, subject, action);
    case 'remove':
      return await remove(deps, subject);
    case 'refuse': {
      const [{ reason, message }] = action.refusals;
      const state = { type: 'refused', reason, message } as const;
      const step = action.mustRemove ? await remove(deps, subject) : outside(deps, subject);
      return { ...step, state };
    }
  }
}

/** The template is as it should be. */
function settled({ nowMs }: ReconcileDeps, { key, live, actual, notices, memory }: Subject): Step {
  const { rollouts } = memory;
  memory.injected.add(live.uid);
  const health = healthOf(live);
  // Begun by the leader before us.
  const isUnderWay = health.type !== 'complete' && isServing(live) && actual.isLastWriter;
  if (isUnderWay && !rollouts.isOpen()) rollouts.began(key, nowMs());
  rollouts.update(key, health, nowMs());
  return (
    watched(key, live, memory) ??
    rolling(key, live, memory) ?? { outcome: done, state: rolledState(live, notices) }
  );
}

/** Until all pods of a new sidecar are there. Nobody waits for this one: it served nobody when it was changed. */
function rolling(key: string, live: LiveWorkload, { rolled }: Memory): Step | undefined {
  const sidecar = live.template.annotations[injectedKey] ?? '';
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
function outside({ nowMs }: ReconcileDeps, { key, live, memory }: Subject): Step {
  memory.injected.delete(live.uid);
  memory.rollouts.update(key, healthOf(live), nowMs());
  return watched(key, live, memory) ?? { outcome: done, state: null };
}

/** One dry run for each generation of a workload. */
async function verify(
  deps: ReconcileDeps,
  subject: Subject,
  { part, certificates }: Extract<Action, { type: 'verify' }>,
): Promise<Step> {
  const { key, live, memory } = subject;
  const version = `${live.uid}/${live.generation}/${part.annotations[injectedKey] ?? ''}`;
  if (memory.verified.get(key) !== version) {
    if (await wouldChange(deps.port, live, part))
      return await attempt(deps, subject, {
        type: 'write',
        why: 'restore',
        part,
        certificates,
        needsOrder: false,
      });
    memory.verified.set(key, version);
  }
  const keptMs = memory.sdsKept.get(live.ref.namespace) ?? 0;
  if (certificates.type === 'Secret' && deps.nowMs() - keptMs >= resyncMs) await keepSdsFiles(deps, subject);
  return settled(deps, subject);
}

async function attempt(deps: ReconcileDeps, subject: Subject, write: Write): Promise<Step> {
  const { key, live, actual, memory } = subject;
  const obstacle = await obstacleTo(write, deps, subject);
  if (obstacle !== undefined) return obstacle;
  if (write.why === 'inject') {
    const tried = await tryPart(deps.port, live, write.part);
    if (tried.type !== 'written') return unwritten(tried);
  }
  if (write.why !== 'tidy' && write.certificates.type === 'Secret') await keepSdsFiles(deps, subject);
  const written = await writePart(deps.port, live, {
    part: write.why === 'tidy' ? presentPart(live) : write.part,
    userInitContainers: write.needsOrder ? actual.userInitContainers : null,
  });
  if (written.type !== 'written') return unwritten(written);
  if (write.why === 'restore') memory.restores.record(key, actual.userTemplate, deps.nowMs());
  if (waitsForTurn(live, write)) memory.rollouts.began(key, deps.nowMs());
  return settled(deps, { ...subject, live: written.workload, actual: describeActual(written.workload) });
}

/** A new pod waits for them. */
async function keepSdsFiles({ port, nowMs }: ReconcileDeps, { live, memory }: Subject): Promise<void> {
  const { namespace } = live.ref;
  await port.keepConfigMap(namespace, sdsConfigMap, sdsFiles);
  memory.sdsKept.set(namespace, nowMs());
}

const sdsFiles: Readonly<Record<string, string>> = Object.fromEntries(renderSdsFiles(''));

function unwritten(outcome: Exclude<WriteOutcome, { type: 'written' }>): Step {
  switch (outcome.type) {
    case 'gone':
      return { outcome: done, state: null };
    case 'conflict': {
      const isOwned = outcome.message.includes('conflict with');
      if (!isOwned) return { outcome: again(retryConflictMs), state: null };
      const message = `The pod template uses names or fields that Meshwright needs. Rename them. The API server reported: ${outcome.message}`;
      return { outcome: done, state: { type: 'refused', reason: 'NameTaken', message } };
    }
    case 'refused': {
      const message = `The API server rejected the sidecar: ${outcome.message}`;
      return { outcome: again(retryRefusedMs), state: { type: 'refused', reason: 'ApiRefused', message } };
    }
  }
}

async function remove(deps: ReconcileDeps, subject: Subject): Promise<Step> {
  const { key, live, memory } = subject;
  const { rollouts } = memory;
  if (isServing(live) && !rollouts.request(key, true)) return { outcome: done, state: inQueue(undefined) };
  const outcome = await removePart(deps.port, live);
  if (outcome.type !== 'written') return unwritten(outcome);
  if (isServing(live)) rollouts.began(key, deps.nowMs());
  return outside(deps, { ...subject, live: outcome.workload });
}
