// Keeps our part in the pod templates of meshed workloads, and out of all others. Entry: createReconciler. Only the
// operator that leads does so; the others just take note.
import type { Timers } from '../certificates/timers.ts';
import { fingerprint } from '../infra/fingerprint.ts';
import { injectedKey } from '../infra/pod-names.ts';
import type { KubernetesVersion } from '../infra/preflight.ts';
import type { MeshSettingsIr } from '../ir/mesh-ir.ts';
import type { Log } from '../log.ts';
import type { SecretPort } from '../platform/platform.ts';
import type { WorkloadPort, WorkloadRef } from '../platform/workload-port.ts';
import type { CronJob, DaemonSet, Deployment, PodTemplate, StatefulSet } from '../store/objects.ts';
import type { Resources } from '../store/resources.ts';
import { type Environment, isSelected, type World } from './desired.ts';
import { createKeyQueue, type KeyQueue, type Outcome } from './queue.ts';
import { keyOf, reconcileWorkload, type Step } from './reconcile-workload.ts';
import { reportOf, type WorkloadReport, type WorkloadState } from './report.ts';
import { createMemory, forget, type Memory } from './session.ts';

export interface ReconcilerOptions {
  readonly port: WorkloadPort;
  readonly secrets: Pick<SecretPort, 'read'>;
  readonly environment: Environment;
  readonly timers: Timers;
  readonly log: Log;
  /** Whether sidecars that start now would get their configuration. */
  readonly xdsReady: () => boolean;
  /** The report may be new. */
  readonly onChange: () => void;
}

export interface Reconciler {
  /** Each settled batch and the Mesh in force in it; null: there is none. */
  offer(resources: Resources, mesh: MeshSettingsIr | null): void;
  /** From now on it writes, until follow. */
  lead(): void;
  /** Resolves when the write at hand has ended. */
  follow(): Promise<void>;
  /** Certificates, or the readiness of the control plane, have changed: looks at those that wait for it. */
  recheck(): void;
  report(): WorkloadReport;
}

type Workload = Deployment | StatefulSet | DaemonSet | CronJob;

interface Known {
  readonly ref: WorkloadRef;
  readonly object: Workload;
}

interface Offered {
  readonly mesh: MeshSettingsIr | null;
  readonly meshFingerprint: string;
  /** There is a Mesh, but of a version that is not valid: what is injected stays as it is. */
  readonly isUncertain: boolean;
  readonly namespaces: Resources['namespaces'];
  readonly namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly workloads: ReadonlyMap<string, Known>;
}

interface Term {
  readonly memory: Memory;
  readonly queue: KeyQueue;
  /** Not looked at yet since it began. */
  readonly unseen: Set<string>;
  /** Whoever held up the others when last looked at. */
  failed: string;
}

const uncertainMs = 5000;

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { port, secrets, xdsReady, timers, log, environment } = options;
  const deps = { port, secrets, xdsReady, nowMs: () => timers.now() };
  let offered: Offered | undefined;
  let term: Term | undefined;
  let version: KubernetesVersion | undefined;

  const worldOf =
    (current: Offered, kubernetesVersion: KubernetesVersion) =>
    ({ namespace }: WorkloadRef): World => ({
      mesh: current.mesh,
      namespaceLabels: current.namespaceLabels.get(namespace) ?? {},
      kubernetesVersion,
      environment,
    });

  const work = async (of: Term, key: string): Promise<Outcome> => {
    const current = offered;
    const known = current?.workloads.get(key);
    if (current === undefined || known === undefined) return { type: 'done' };
    if (current.isUncertain) return { type: 'again', afterMs: uncertainMs };
    of.memory.rollouts.setLimit(current.mesh?.sidecar.maxConcurrentRollouts ?? defaultLimit);
    version ??= await port.kubernetesVersion();
    try {
      const step = await reconcileWorkload(deps, known.ref, worldOf(current, version), of.memory);
      await tell(options, of.memory, key, step);
      return step.outcome;
    } catch (error) {
      of.memory.rollouts.withdraw(key);
      throw error;
    } finally {
      seen(of, key);
    }
  };
  const begin = (): Term => {
    const begun: Term = {
      memory: createMemory(),
      unseen: new Set(),
      failed: '',
      queue: createKeyQueue({
        work: (key) => work(begun, key),
        timers,
        onError: (workload, error) => log.warn({ workload, error }, 'workload not reconciled, trying again'),
      }),
    };
    return begun;
  };
  const look = (of: Term, keys: Iterable<string>): void => {
    for (const key of keys) of.queue.add(key);
  };
  const isRelevant = ({ ref, object }: Known, { mesh, namespaceLabels }: Offered, memory: Memory): boolean =>
    isMarked(object) ||
    memory.states.has(keyOf(ref)) ||
    isSelected(ref.namespace, {
      mesh,
      environment,
      namespaceLabels: namespaceLabels.get(ref.namespace) ?? {},
    });
  const relevant = (current: Offered, memory: Memory): string[] =>
    [...current.workloads]
      .filter(([, known]) => isRelevant(known, current, memory))
      .map(([key]) => key)
      .toSorted();

  return {
    offer: (resources, mesh) => {
      const previous = offered;
      const current = describe(resources, mesh);
      offered = current;
      if (term === undefined) return;
      for (const key of previous?.workloads.keys() ?? []) {
        if (current.workloads.has(key)) continue;
        forget(term.memory, key);
        term.queue.forget(key);
        seen(term, key);
      }
      const isAllNew =
        previous?.meshFingerprint !== current.meshFingerprint || previous.namespaces !== current.namespaces;
      const isNew = (key: string): boolean =>
        isAllNew || previous.workloads.get(key)?.object !== current.workloads.get(key)?.object;
      look(term, relevant(current, term.memory).filter(isNew));
      if (previous === undefined) openIfSeen(term, relevant(current, term.memory));
    },
    lead: () => {
      if (term !== undefined) return;
      term = begin();
      if (offered === undefined) return;
      const keys = relevant(offered, term.memory);
      openIfSeen(term, keys);
      look(term, keys);
    },
    follow: async () => {
      const ending = term;
      term = undefined;
      await ending?.queue.close();
    },
    recheck: () => {
      if (term === undefined) return;
      const waiting = [...term.memory.states].filter(([, state]) => isWaiting(state));
      look(term, waiting.map(([key]) => key).toSorted());
    },
    report: () => reportOf(term?.memory.states ?? new Map<string, WorkloadState>()),
  };
}

/** While there is no Mesh to say. */
const defaultLimit = 3;

/** Rollouts begin when each workload was looked at once: some may be under way from the leader before. */
function openIfSeen(term: Term, keys: readonly string[]): void {
  for (const key of keys) term.unseen.add(key);
  if (term.unseen.size === 0) term.memory.rollouts.open();
}

function seen(term: Term, key: string): void {
  const { unseen, memory, queue } = term;
  unseen.delete(key);
  if (unseen.size === 0) memory.rollouts.open();
  for (const next of memory.rollouts.next()) queue.add(next);
  tellQueued(term);
}

/** Those who wait say for whom. */
function tellQueued(term: Term): void {
  const { memory, queue } = term;
  const failed = [...memory.rollouts.failed().keys()].join();
  if (failed === term.failed) return;
  // oxlint-disable-next-line no-param-reassign -- a term is state, and this is its owner
  term.failed = failed;
  for (const [key, state] of memory.states)
    if (state.type === 'pending' && state.reason === 'Queued') queue.add(key);
}

function isWaiting(state: WorkloadState): boolean {
  return (
    state.type === 'pending' &&
    (state.reason === 'CertificateNotReady' || state.reason === 'ControlPlaneNotReady')
  );
}

/** Notes the state; an Event and a line in the log where it is new and somebody has to know. */
async function tell(
  { port, log, onChange }: ReconcilerOptions,
  { states }: Memory,
  key: string,
  { state, live }: Step,
): Promise<void> {
  const previous = states.get(key);
  if (state === null) states.delete(key);
  else states.set(key, state);
  if (fingerprint(previous ?? null) === fingerprint(state)) return;
  onChange();
  log.info({ workload: key, state: state?.type ?? 'outside', ...reasonOf(state) }, 'workload looked at');
  if (state === null || live === undefined || !isEventWorthy(state)) return;
  try {
    await port.event(live, { type: 'Warning', reason: state.reason, message: state.message });
  } catch (error) {
    log.warn({ workload: key, error }, 'event not written');
  }
}

function isEventWorthy(state: WorkloadState): state is Exclude<WorkloadState, { type: 'injected' }> {
  return (
    state.type === 'refused' ||
    (state.type === 'pending' && (state.reason === 'RolloutFailed' || state.reason === 'Contested'))
  );
}

function reasonOf(state: WorkloadState | null): { readonly reason?: string } {
  return state === null || state.type === 'injected' ? {} : { reason: state.reason };
}

function describe(resources: Resources, mesh: MeshSettingsIr | null): Offered {
  const { namespaces } = resources;
  const objects: readonly Workload[] = [
    ...resources.deployments,
    ...resources.statefulSets,
    ...resources.daemonSets,
    ...resources.cronJobs,
  ];
  const workloads = objects.map((object): [string, Known] => {
    const { kind, metadata } = object;
    const ref = { kind, namespace: metadata.namespace ?? '', name: metadata.name };
    return [keyOf(ref), { ref, object }];
  });
  return {
    mesh,
    meshFingerprint: fingerprint(mesh),
    isUncertain: mesh === null && resources.rejections.some(({ ref }) => ref.kind === 'Mesh'),
    namespaces,
    namespaceLabels: new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}])),
    workloads: new Map(workloads),
  };
}

/** It shows signs of our part, as far as the store keeps them. */
function isMarked(object: Workload): boolean {
  const template: PodTemplate =
    object.kind === 'CronJob' ? object.spec.jobTemplate.spec.template : object.spec.template;
  const marks = [object.metadata.labels, template.metadata?.annotations];
  return marks.some((mark) => mark?.[injectedKey] !== undefined);
}
