// Why a write has to wait, although it is wanted: prerequisites, a fight over the template, others before it.
import type { LiveWorkload } from '../../ports/workload-port.ts';
import type { Write } from './decide.ts';
import { isServing } from '../rollout/health.ts';
import type { WorkloadState } from '../../conditions/workload-report.ts';
import { again, done, type ReconcileDeps, type Step, type Subject } from './step.ts';

const watchPrerequisiteMs = 5000;

/** undefined: it may be written now. Asking for a turn comes last: who has one must use it. */
export async function obstacleTo(
  write: Write,
  deps: ReconcileDeps,
  subject: Subject,
): Promise<Step | undefined> {
  return (
    (await missing(deps, subject.live, write)) ?? contested(deps, subject, write) ?? queued(subject, write)
  );
}

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
  if (why !== 'restore') return undefined;
  const permission = memory.restores.mayRestore(key, actual.userTemplate, nowMs());
  if (permission.type === 'yes') return undefined;
  const managers = actual.otherManagers;
  const message =
    `Something resets its pod template: the sidecar was put back ${permission.count} times in an hour, which is enough. ` +
    'Let that tool leave alone what it does not know in initContainers and volumes, as server-side apply does. ' +
    `Field managers of the template, as far as known: ${managers.length === 0 ? 'none' : managers.join(', ')}.`;
  return { outcome: again(permission.againInMs), state: { type: 'pending', reason: 'Contested', message } };
}

/** A restore goes out at once: what made it necessary has begun a rollout already. */
export function waitsForTurn(live: LiveWorkload, { why }: Write): boolean {
  return (why === 'inject' || why === 'update') && isServing(live);
}

function queued({ key, live, memory: { rollouts } }: Subject, write: Write): Step | undefined {
  if (!waitsForTurn(live, write) || rollouts.request(key, false)) return undefined;
  return { outcome: done, state: inQueue(rollouts.failed()) };
}

/** failed: who holds the others up. */
export function inQueue(failed: ReadonlyMap<string, string>): WorkloadState {
  const [culprit] = failed.keys();
  const message =
    culprit === undefined
      ? 'It waits for its turn to be rolled.'
      : `No workload is rolled until ${culprit} is healthy or out of the mesh.`;
  return { type: 'pending', reason: 'Queued', message };
}
