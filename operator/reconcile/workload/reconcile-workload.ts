// One workload: read, compare, do at most one thing, say how it is. Entry: reconcileWorkload. It reads everything anew
// each time, so that no order of events matters.
import { injectedKey } from '../../values/own-names.ts';
import type { WorkloadRef, WriteOutcome } from '../../ports/workload-port.ts';
import { describeActual } from './actual.ts';
import { type Action, decide, type Roll, type Write } from './decide.ts';
import { desiredOf, isMember, type World } from './desired.ts';
import { isServing } from '../rollout/health.ts';
import { forget, type Memory, noteMembership } from '../memory.ts';
import {
  inQueue,
  obstacleTo,
  obstacleToRoll,
  outdatedPolicy,
  rollIdentity,
  waitsForTurn,
} from './obstacles.ts';
import { refKey } from '../../objects/objects.ts';
import type { PodFacts } from '../pods.ts';
import { keepSdsFiles } from '../sds-files.ts';
import { resyncMs } from '../times.ts';
import { outside, settled, settledByPolicy } from './settled.ts';
import { again, done, type ReconcileDeps, type Step, type Subject } from './step.ts';
import { presentPart, removePart, restartPods, tryPart, wouldChange, writePart } from './writes.ts';

const retryConflictMs = 100;
const retryRefusedMs = 60_000;

export async function reconcileWorkload(
  deps: ReconcileDeps,
  ref: WorkloadRef,
  { world, pods }: { readonly world: World; readonly pods: readonly PodFacts[] },
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
  noteMembership(memory, ref.namespace, isMember(ref.namespace, world), deps.nowMs());
  const action = decide(desired, actual, {
    wasInjected: memory.injected.get(key) === live.uid,
    pods: live.rollout.isAutomatic ? pods : [],
  });
  const notices = desired.type === 'present' || desired.type === 'byPolicy' ? desired.notices : [];
  const step = await perform(deps, { key, live, actual, notices, memory, pods, desired }, action);
  return { live, ...step };
}

async function perform(deps: ReconcileDeps, subject: Subject, action: Action): Promise<Step> {
  switch (action.type) {
    case 'none':
      return resting(deps, subject);
    case 'roll':
      return await roll(deps, subject, action);
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

function resting(deps: ReconcileDeps, subject: Subject): Step {
  const { desired, actual } = subject;
  if (desired.type === 'byPolicy') return settledByPolicy(deps, subject, desired.revision);
  return actual.hasAny ? settled(deps, subject) : outside(deps, subject);
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
  if (certificates.type === 'Secret' && deps.nowMs() - keptMs >= resyncMs) await keepFiles(deps, subject);
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
  if (write.why !== 'tidy' && write.certificates.type === 'Secret') await keepFiles(deps, subject);
  const written = await writePart(deps.port, live, {
    part: write.why === 'tidy' ? presentPart(live) : write.part,
    userInitContainers: write.needsOrder ? actual.userInitContainers : null,
  });
  if (written.type !== 'written') return unwritten(written);
  if (write.why === 'restore') memory.restores.record(key, actual.userTemplate, deps.nowMs());
  if (waitsForTurn(live, write)) memory.rollouts.began(key, deps.nowMs());
  return settled(deps, { ...subject, live: written.workload, actual: describeActual(written.workload) });
}

async function keepFiles({ port, nowMs }: ReconcileDeps, { live, memory }: Subject): Promise<void> {
  const { namespace } = live.ref;
  await keepSdsFiles(port, namespace);
  memory.sdsKept.set(namespace, nowMs());
}

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

async function roll(deps: ReconcileDeps, subject: Subject, action: Roll): Promise<Step> {
  const { key, live, actual, memory } = subject;
  const obstacle = await obstacleToRoll(action, deps, subject);
  if (obstacle !== undefined) return obstacle;
  const outcome = await restartPods(deps.port, live, action);
  if (outcome.type !== 'written') return unwritten(outcome);
  memory.restores.record(key, rollIdentity(action, actual), deps.nowMs());
  if (isServing(live)) memory.rollouts.began(key, deps.nowMs());
  return resting(deps, { ...subject, live: outcome.workload, actual: describeActual(outcome.workload) });
}

async function remove(deps: ReconcileDeps, subject: Subject): Promise<Step> {
  const { key, live, memory } = subject;
  const { rollouts } = memory;
  const obstacle = outdatedPolicy(subject);
  if (obstacle !== undefined) return obstacle;
  if (isServing(live) && !rollouts.request(key, true)) return { outcome: done, state: inQueue(undefined) };
  const outcome = await removePart(deps.port, live);
  if (outcome.type !== 'written') return unwritten(outcome);
  if (isServing(live)) rollouts.began(key, deps.nowMs());
  return outside(deps, { ...subject, live: outcome.workload });
}
