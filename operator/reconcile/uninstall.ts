// Takes the sidecars out of every workload there is: without a Mesh, our definitions or a running operator. Entry:
// uninstall. Certificates stay: pods mount them until the last one is made anew.
import { noRevision } from '../infra/patches.ts';
import { type Pod, refKey } from '../objects/objects.ts';
import type { InjectionPolicyPort } from '../ports/injection-policy-port.ts';
import type { PodListPort } from '../ports/pod-port.ts';
import type { LiveWorkload, WorkloadPort, WorkloadRef, WriteOutcome } from '../ports/workload-port.ts';
import { type Clock, pause } from '../process/clock.ts';
import { revisionLabel } from '../values/own-names.ts';
import { workloadKinds } from '../values/workload-kinds.ts';
import { factsOf, isThereToStay, placedOf } from './pods.ts';
import { policySettleMs } from './times.ts';
import { describeActual } from './workload/actual.ts';
import { removePart, restartPods } from './workload/writes.ts';

export interface UninstallPorts {
  readonly policies: Pick<InjectionPolicyPort, 'remove'>;
  readonly pods: PodListPort;
  readonly workloads: Pick<WorkloadPort, 'list' | 'merge'>;
  readonly clock: Clock;
}

export interface UninstallReport {
  readonly removed: readonly WorkloadRef[];
  /** The message is the API server's. */
  readonly failed: readonly { readonly ref: WorkloadRef; readonly message: string }[];
  /** What keeps its sidecar until somebody does something. */
  readonly kept: readonly Kept[];
}

export interface Kept {
  /** `Pod shop/migrate` */
  readonly what: string;
  /** A full sentence. */
  readonly todo: string;
}

/** All at once: the mesh ends. Rejects if workloads cannot be listed. */
export async function uninstall({
  policies,
  pods,
  workloads,
  clock,
}: UninstallPorts): Promise<UninstallReport> {
  // First: pods that are replaced would get another sidecar.
  if (await policies.remove()) await pause(policySettleMs, clock);
  const all = (await Promise.all(workloadKinds.map((kind) => workloads.list(kind)))).flat();
  const injected = all.filter((live) => describeActual(live).hasAny).map(({ ref }) => ref);
  const byPolicy = (await pods.list(revisionLabel)).filter((pod) => factsOf(pod).isByPolicy);
  const removed: WorkloadRef[] = [];
  const failed: { ref: WorkloadRef; message: string }[] = [];
  const kept: Kept[] = [];
  const note = (ref: WorkloadRef, outcome: WriteOutcome): void => {
    const todo = outcome.type === 'written' ? todoFor(outcome.workload) : undefined;
    if (todo !== undefined) kept.push({ what: `${ref.kind} ${ref.namespace}/${ref.name}`, todo });
    else if (outcome.type === 'written' || outcome.type === 'gone') removed.push(ref);
    else failed.push({ ref, message: outcome.message });
  };
  // oxlint-disable no-await-in-loop -- an API server under load has enough with one
  for (const ref of injected) note(ref, await removePart(workloads, { ref }));
  for (const ref of workloadsOf(byPolicy, injected))
    note(ref, await restartPods(workloads, { ref }, { restarted: noRevision, removesPart: false }));
  // oxlint-enable no-await-in-loop
  const unplaced = byPolicy.filter((pod) => isThereToStay(pod) && placedOf(pod) === null);
  kept.push(
    ...unplaced.map(({ metadata: { namespace = '', name } }) => ({
      what: `Pod ${namespace}/${name}`,
      todo: 'It keeps its sidecar until it is replaced.',
    })),
  );
  return { removed, failed, kept };
}

/** undefined: its pods are replaced by themselves, or it has none. */
function todoFor({ ref, rollout }: LiveWorkload): string | undefined {
  if (ref.kind === 'CronJob' || rollout.wanted === 0) return undefined;
  if (rollout.isPaused) return 'It is paused, so its pods keep the sidecar. Resume it.';
  return rollout.isAutomatic
    ? undefined
    : 'Its update strategy does not replace all of its pods, so they keep the sidecar. Delete them.';
}

/** Each once, and none of `except`. */
function workloadsOf(pods: readonly Pod[], except: readonly WorkloadRef[]): readonly WorkloadRef[] {
  const done = new Set(except.map(refKey));
  const found = new Map(
    pods.flatMap((pod) => {
      const placed = placedOf(pod);
      return placed === null || done.has(placed.key) ? [] : [[placed.key, placed.workload] as const];
    }),
  );
  return [...found.values()];
}
