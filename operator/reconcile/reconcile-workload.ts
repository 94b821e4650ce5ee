// One workload: read, compare, do at most one thing, say how it is. Entry: reconcileWorkload. It reads everything anew
// each time, so that no order of events matters.
import { renderSdsFiles } from '../infra/certificate-files.ts';
import { injectedKey, sdsConfigMap } from '../infra/pod-names.ts';
import type { SecretPort } from '../platform/platform.ts';
import type { LiveWorkload, WorkloadPort, WorkloadRef, WriteOutcome } from '../platform/workload-port.ts';
import { type Actual, describeActual } from './actual.ts';
import { type Action, decide, type Write } from './decide.ts';
import { desiredOf, type World } from './desired.ts';
import { healthOf, isServing } from './health.ts';
import type { Outcome } from './queue.ts';
import type { WorkloadState } from './report.ts';
import { forget, type Memory } from './session.ts';
import { removePart, tryPart, wouldChange, writePart } from './writes.ts';

export interface ReconcileDeps {
  readonly port: WorkloadPort;
  readonly secrets: Pick<SecretPort, 'read'>;
  /** Whether sidecars would get a configuration. */
  readonly xdsReady: () => boolean;
  readonly nowMs: () => number;
}

/** state null: there is nothing to tell, it is none of ours. */
export interface Step {
  readonly outcome: Outcome;
  readonly state: WorkloadState | null;
  readonly live?: LiveWorkload;
}

interface Subject {
  readonly key: string;
  readonly live: LiveWorkload;
  readonly actual: Actual;
  readonly memory: Memory;
}

const done: Outcome = { type: 'done' };
const again = (afterMs: number): Outcome => ({ type: 'again', afterMs });

const watchRolloutMs = 1000;
const watchFailedMs = 5000;
const watchPrerequisiteMs = 5000;
const retryConflictMs = 100;
const retryRefusedMs = 60_000;

export async function reconcileWorkload(
  deps: ReconcileDeps,
  ref: WorkloadRef,
  world: (ref: WorkloadRef) => World,
  memory: Memory,
): Promise<Step> {
  const key = keyOf(ref);
  memory.rollouts.withdraw(key);
  const live = await deps.port.read(ref);
  if (live === undefined || live.isDeleting) {
    forget(memory, key);
    return { outcome: done, state: null };
  }
  const actual = describeActual(live);
  const desired = desiredOf(live, actual, world(ref));
  const action = decide(desired, actual, { wasInjected: memory.injected.has(live.uid) });
  const step = await perform(deps, { key, live, actual, memory }, action);
  return { live, ...step };
}

/** `Deployment/shop/reviews` */
export function keyOf({ kind, namespace, name }: WorkloadRef): string {
  return `${kind}/${namespace}/${name}`;
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
      return await remove(deps, subject, null);
    case 'refuse': {
      const [{ reason, message }] = action.refusals;
      const state = { type: 'refused', reason, message } as const;
      return action.mustRemove ? await remove(deps, subject, state) : { outcome: done, state };
    }
  }
}

/** The template is as it should be. */
function settled({ nowMs }: ReconcileDeps, { key, live, actual, memory }: Subject): Step {
  const { rollouts } = memory;
  memory.injected.add(live.uid);
  const health = healthOf(live);
  // Begun by the leader before us.
  const isUnderWay = health.type !== 'complete' && isServing(live) && actual.isLastWriter;
  if (isUnderWay && !rollouts.isOpen()) rollouts.began(key, nowMs());
  rollouts.update(key, health, nowMs());
  return watched(key, live, memory) ?? { outcome: done, state: rolledState(live) };
}

function rolledState({ rollout }: LiveWorkload): WorkloadState {
  if (!rollout.isPaused || (rollout.outdated === 0 && rollout.updated >= rollout.wanted))
    return { type: 'injected' };
  return { type: 'pending', reason: 'Paused', message: 'It is paused: its pods change when it is resumed.' };
}

/** While we wait for its pods. */
function watched(key: string, live: LiveWorkload, { rollouts }: Memory): Step | undefined {
  const failure = rollouts.failed().get(key);
  if (failure !== undefined) {
    const message = `It did not come back healthy after its sidecar changed, so no other workload is rolled. ${failure} Mend it, or opt out with the pod template label meshwright.dev/inject: "false".`;
    return { outcome: again(watchFailedMs), state: { type: 'pending', reason: 'RolloutFailed', message } };
  }
  if (!rollouts.isActive(key)) return undefined;
  const { updated, wanted } = live.rollout;
  const message = `Its pods are made anew: ${updated} of ${wanted}.`;
  return { outcome: again(watchRolloutMs), state: { type: 'pending', reason: 'RollingOut', message } };
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
  { part, certificateSecret }: Extract<Action, { type: 'verify' }>,
): Promise<Step> {
  const { key, live, memory } = subject;
  const version = `${live.uid}/${live.generation}/${part.annotations[injectedKey] ?? ''}`;
  if (memory.verified.get(key) !== version) {
    if (await wouldChange(deps.port, live, part))
      return await attempt(deps, subject, {
        type: 'write',
        why: 'mend',
        part,
        certificateSecret,
        needsOrder: false,
      });
    memory.verified.set(key, version);
  }
  return settled(deps, subject);
}

async function attempt(deps: ReconcileDeps, subject: Subject, write: Write): Promise<Step> {
  const { key, live, actual, memory } = subject;
  const obstacle =
    (await missing(deps, live, write)) ?? contested(deps, subject, write) ?? queued(subject, write);
  if (obstacle !== undefined) return obstacle;
  if (write.why === 'inject') {
    const tried = await tryPart(deps.port, live, write.part);
    if (tried.type !== 'written') return unwritten(tried);
  }
  if (write.why !== 'tidy') await deps.port.keepConfigMap(live.ref.namespace, sdsConfigMap, sdsFiles);
  const written = await writePart(deps.port, live, {
    part: write.part,
    userInitContainers: write.needsOrder ? actual.userInitContainers : null,
  });
  if (written.type !== 'written') return unwritten(written);
  if (write.why === 'mend') memory.mending.mended(key, actual.userTemplate, deps.nowMs());
  if (waitsForTurn(live, write)) memory.rollouts.began(key, deps.nowMs());
  return settled(deps, { ...subject, live: written.workload, actual: describeActual(written.workload) });
}

const sdsFiles: Readonly<Record<string, string>> = Object.fromEntries(renderSdsFiles(''));

/** What has to be there before a pod with a sidecar can start. */
async function missing(
  { secrets, xdsReady }: ReconcileDeps,
  { ref }: LiveWorkload,
  { why, certificateSecret }: Write,
): Promise<Step | undefined> {
  if (why === 'tidy') return undefined;
  if (!xdsReady()) {
    const message = 'The operator does not serve configuration yet: see the conditions of the Mesh.';
    return waiting('ControlPlaneNotReady', message);
  }
  const certificate = await secrets.read(ref.namespace, certificateSecret);
  if (certificate?.['tls.crt'] !== undefined) return undefined;
  return waiting('CertificateNotReady', `Its certificate, Secret ${certificateSecret}, is not there yet.`);
}

function waiting(reason: 'ControlPlaneNotReady' | 'CertificateNotReady', message: string): Step {
  return { outcome: again(watchPrerequisiteMs), state: { type: 'pending', reason, message } };
}

function contested(
  { nowMs }: ReconcileDeps,
  { key, actual, memory }: Subject,
  { why }: Write,
): Step | undefined {
  if (why !== 'mend') return undefined;
  const permission = memory.mending.mayMend(key, actual.userTemplate, nowMs());
  if (permission.type === 'yes') return undefined;
  const managers = actual.otherManagers;
  const who = managers.length === 0 ? 'unknown' : managers.join(', ');
  const message = `Something resets its pod template: the sidecar was put back ${permission.count} times in an hour, which is enough. Let that tool leave initContainers and volumes it does not know alone (server-side apply does). Field managers of the template: ${who}.`;
  return { outcome: again(permission.againInMs), state: { type: 'pending', reason: 'Contested', message } };
}

/** A mend goes out at once: whoever made it necessary has begun a rollout already. */
function waitsForTurn(live: LiveWorkload, { why }: Write): boolean {
  return (why === 'inject' || why === 'update') && isServing(live);
}

function queued({ key, live, memory: { rollouts } }: Subject, write: Write): Step | undefined {
  if (!waitsForTurn(live, write) || rollouts.request(key, false)) return undefined;
  return { outcome: done, state: inQueue(rollouts.failed()) };
}

function inQueue(failed: ReadonlyMap<string, string>): WorkloadState {
  const [culprit] = failed.keys();
  const message =
    culprit === undefined
      ? 'It waits for its turn to be rolled.'
      : `No workload is rolled until ${culprit} is healthy or out of the mesh.`;
  return { type: 'pending', reason: 'Queued', message };
}

function unwritten(outcome: Exclude<WriteOutcome, { type: 'written' }>): Step {
  switch (outcome.type) {
    case 'gone':
      return { outcome: done, state: null };
    case 'conflict': {
      const isOwned = outcome.message.includes('conflict with');
      if (!isOwned) return { outcome: again(retryConflictMs), state: null };
      const message = `Its pod template has names or fields that Meshwright needs, of somebody else's: rename them. ${outcome.message}`;
      return { outcome: done, state: { type: 'refused', reason: 'NameTaken', message } };
    }
    case 'refused': {
      const message = `The API server refuses the sidecar: ${outcome.message}`;
      return { outcome: again(retryRefusedMs), state: { type: 'refused', reason: 'ApiRefused', message } };
    }
  }
}

/** why: what is told of it afterwards; null: nothing. */
async function remove(deps: ReconcileDeps, subject: Subject, why: WorkloadState | null): Promise<Step> {
  const { key, live, memory } = subject;
  const { rollouts } = memory;
  if (isServing(live) && !rollouts.request(key, true))
    return { outcome: done, state: why ?? inQueue(new Map()) };
  const outcome = await removePart(deps.port, live);
  if (outcome.type !== 'written') return unwritten(outcome);
  if (isServing(live)) rollouts.began(key, deps.nowMs());
  const step = outside(deps, { ...subject, live: outcome.workload });
  return why === null ? step : { ...step, state: why };
}
