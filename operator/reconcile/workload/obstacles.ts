// Why a write has to wait, although it is wanted: prerequisites, a fight over the template, others before it.
import type { CertificateSource } from '../../infra/certificate-volume.ts';
import type { LiveWorkload } from '../../ports/workload-port.ts';
import type { Roll, Write } from './decide.ts';
import { isServing } from '../rollout/health.ts';
import type { WorkloadState } from '../../conditions/workload-report.ts';
import { labelSeenMs } from '../times.ts';
import { again, done, type ReconcileDeps, type Step, type Subject } from './step.ts';

const watchPrerequisiteMs = 5000;

/** undefined: it may be written now. Asking for a turn comes last: who has one must use it. */
export async function obstacleTo(
  write: Write,
  deps: ReconcileDeps,
  subject: Subject,
): Promise<Step | undefined> {
  return (await lacking(deps, subject, write)) ?? contested(deps, subject, write) ?? queued(subject, write);
}

/** The same for new pods by the API server. */
export async function obstacleToRoll(
  roll: Roll,
  deps: ReconcileDeps,
  subject: Subject,
): Promise<Step | undefined> {
  const { certificates } = roll;
  return (
    outdatedPolicy(subject) ??
    tooEarly(deps, subject) ??
    (certificates === null ? undefined : await missing(deps, subject.live.ref.namespace, certificates)) ??
    fought(deps, subject, roll) ??
    queuedToRoll(subject, roll)
  );
}

/** Whoever looks again: the policy in force is part of the input. */
export function outdatedPolicy({ desired }: Subject): Step | undefined {
  const awaitsPolicy = (desired.type === 'absent' || desired.type === 'byPolicy') && desired.awaitsPolicy;
  if (!awaitsPolicy) return undefined;
  const message = 'Waiting until the API server has the injection policy of the present Mesh.';
  return { outcome: done, state: { type: 'pending', reason: 'Queued', message } };
}

function tooEarly({ nowMs }: ReconcileDeps, { live, memory }: Subject): Step | undefined {
  const { sinceMs = 0 } = memory.members.get(live.ref.namespace) ?? {};
  const restMs = sinceMs + labelSeenMs - nowMs();
  return restMs > 0 ? { outcome: again(restMs), state: inQueue(undefined) } : undefined;
}

/** Whoever undoes a roll by resetting the template takes away what says that it is done again, so that all are counted. What is wanted anew counts anew. */
export function rollIdentity({ restarted }: Roll, { userTemplate }: Subject['actual']): string {
  const [wanted = ''] = restarted.split('.');
  return `${wanted} ${userTemplate}`;
}

function fought({ nowMs }: ReconcileDeps, { key, actual, memory }: Subject, roll: Roll): Step | undefined {
  const permission = memory.restores.mayRestore(key, rollIdentity(roll, actual), nowMs());
  if (permission.type === 'yes') return undefined;
  const times = `${permission.count} times in the last hour and has stopped.`;
  const message = roll.removesPart
    ? `Another tool keeps adding the sidecar to the pod template. Meshwright removed it ${times} ` +
      `Remove mw-init, mw-proxy and mw-certs from what that tool applies. ${knownManagers(actual)}`
    : roll.why === 'leave'
      ? `The API server still adds a sidecar to its pods, although it is not in the mesh. Meshwright restarted them ${times} ` +
        'Check that all API servers are healthy, and that no other policy or webhook adds containers called mw-init and mw-proxy.'
      : `The API server adds no sidecar to its pods. Meshwright restarted them ${times} ` +
        'Check that no API server disables MutatingAdmissionPolicy, and that no other policy or webhook changes the initContainers, labels or annotations of pods.';
  return { outcome: again(permission.againInMs), state: { type: 'pending', reason: 'Contested', message } };
}

function knownManagers({ otherManagers }: Subject['actual']): string {
  const managers = otherManagers.length === 0 ? 'none' : otherManagers.join(', ');
  return `Known field managers of the pod template: ${managers}.`;
}

function queuedToRoll(
  { key, live, memory: { rollouts } }: Subject,
  { why, isAgain }: Roll,
): Step | undefined {
  const isLeaving = why === 'leave';
  // What made it necessary has begun a rollout already.
  if (isAgain && !isLeaving) return undefined;
  if (!isServing(live) || rollouts.request(key, isLeaving)) return undefined;
  return { outcome: done, state: inQueue(isLeaving ? undefined : rollouts.heldUpBy(key)) };
}

async function lacking(deps: ReconcileDeps, { live }: Subject, write: Write): Promise<Step | undefined> {
  return write.why === 'tidy' ? undefined : await missing(deps, live.ref.namespace, write.certificates);
}

/** What has to be there before a pod with a sidecar can start. */
export async function missing(
  { secrets, xdsReady, whyNoPodCertificates }: ReconcileDeps,
  namespace: string,
  certificates: CertificateSource,
): Promise<Step | undefined> {
  if (!xdsReady()) {
    const message = 'The operator is not serving configuration yet. See the conditions of the Mesh.';
    return waiting('ControlPlaneNotReady', message);
  }
  if (certificates.type === 'PodCertificate') {
    const whyNot = whyNoPodCertificates();
    return whyNot === null ? undefined : waiting('CertificateNotReady', whyNot);
  }
  const certificate = await secrets.read(namespace, certificates.secret);
  if (certificate?.['tls.crt'] !== undefined) return undefined;
  return waiting('CertificateNotReady', `Waiting for its certificate in Secret ${certificates.secret}.`);
}

function waiting(reason: 'ControlPlaneNotReady' | 'CertificateNotReady', message: string): Step {
  return { outcome: again(watchPrerequisiteMs), state: { type: 'pending', reason, message } };
}

function contested(
  { nowMs }: ReconcileDeps,
  { key, actual, memory }: Subject,
  { why }: Write,
): Step | undefined {
  if (why !== 'restore') return undefined;
  const permission = memory.restores.mayRestore(key, actual.userTemplate, nowMs());
  if (permission.type === 'yes') return undefined;
  const message =
    `Another tool keeps removing the sidecar. Meshwright restored it ${permission.count} times in the last hour and has stopped. ` +
    'Make that tool preserve initContainers and volumes that it does not manage, for example with server-side apply. ' +
    knownManagers(actual);
  return { outcome: again(permission.againInMs), state: { type: 'pending', reason: 'Contested', message } };
}

/** A restore goes out at once: what made it necessary has begun a rollout already. */
export function waitsForTurn(live: LiveWorkload, { why }: Write): boolean {
  return (why === 'inject' || why === 'update') && isServing(live);
}

function queued({ key, live, memory: { rollouts } }: Subject, write: Write): Step | undefined {
  if (!waitsForTurn(live, write) || rollouts.request(key, false)) return undefined;
  return { outcome: done, state: inQueue(rollouts.heldUpBy(key)) };
}

/** culprit: the one that holds up its namespace. */
export function inQueue(culprit: string | undefined): WorkloadState {
  const message =
    culprit === undefined
      ? 'Waiting for its turn to roll out.'
      : `Rollouts of the namespace wait until ${culprit} is healthy or has left the mesh.`;
  return { type: 'pending', reason: 'Queued', message };
}
