// Keeps our part in the pod templates of meshed workloads, and out of all others. Entry: createReconciler. Only the
// operator that leads does so; the others just take note.
import { filesOnly } from '../certificates/delivery.ts';
import type { Clock } from '../process/clock.ts';
import type { KubernetesVersion } from '../infra/preflight.ts';
import type { Log } from '../process/log.ts';
import type { SecretPort } from '../ports/platform.ts';
import type { WorkloadPort } from '../ports/workload-port.ts';
import type { PodPort, PodRef } from '../ports/pod-port.ts';
import { barePodsOf } from './bare-pods.ts';
import { reconcileOwner } from './other-pods/reconcile-owner.ts';
import { evicts } from './other-pods/owners.ts';
import { revisionIn, revisionsOf, wrongPods } from './other-pods/wanted.ts';
import type { World } from './workload/desired.ts';
import type { Environment } from './workload/environment.ts';
import { forgetOtherNamespaces, type Memory } from './memory.ts';
import { changedKeys, describeInput, type Input, relevantKeys, type Settled } from './input.ts';
import type { Outcome } from './queue.ts';
import { reconcileWorkload } from './workload/reconcile-workload.ts';
import { isWaiting, reportOf, type WorkloadReport } from '../conditions/workload-report.ts';
import { reportState } from './report-state.ts';
import type { ReconcileDeps } from './workload/step.ts';
import { resyncMs } from './times.ts';
import { LeadershipTerm } from './leadership-term.ts';
import { rememberLast } from '../values/remember.ts';

export interface ReconcilerOptions {
  readonly port: WorkloadPort;
  readonly secrets: Pick<SecretPort, 'read'>;
  /** Absent: nobody is evicted. */
  readonly pods?: Pick<PodPort, 'evict'> | undefined;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether sidecars that start now would get their configuration. */
  readonly xdsReady: () => boolean;
  /** See ReconcileDeps. */
  readonly whyNoPodCertificates: () => string | null;
  /** The report may be new. */
  readonly onChange: () => void;
}

export interface Reconciler {
  /** Each settled batch, and what is known beside it. */
  setInput(settled: Settled): void;
  /** From now on it writes, until onStoppedLeading. */
  onStartedLeading(): void;
  /** Resolves when the write at hand has ended. */
  onStoppedLeading(): Promise<void>;
  /** Certificates, or the readiness of the control plane, have changed: looks at those that wait for it. */
  recheck(): void;
  /** Of nothing while it follows. */
  report(): WorkloadReport;
}

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { environment, clock, log } = options;
  const reconcile = createWork(options);
  let input: Input | undefined;
  let term: LeadershipTerm | undefined;

  const bareOf = rememberLast((of: Input) => barePodsOf(of.resources, of.mesh, environment));
  const relevant = (current: Input, { states }: Memory): readonly string[] =>
    relevantKeys(current, environment, (key) => states.has(key));
  const otherPodsOf = rememberLast((of: Input) => ({
    names: wrongPods(of, environment),
    isKept: !evicts(of) || options.pods === undefined,
  }));
  const noteOthers = ({ others }: Memory, current: Input): void => {
    if (current.way === null || current.isUncertain) return;
    others.note(revisionsOf(current, environment), current.owners, clock.now());
  };

  return {
    setInput: (settled) => {
      const previous = input;
      const current = describeInput(settled);
      input = current;
      if (term === undefined) return;
      noteOthers(term.memory, current);
      for (const key of keysOf(previous)) if (!isIn(current, key)) dismiss(term, key);
      forgetOtherNamespaces(term.memory, current.namespaceLabels);
      const keys = relevant(current, term.memory);
      term.sync(keys);
      term.enqueue(changedKeys(keys, previous, current));
    },
    onStartedLeading: () => {
      if (term !== undefined) return;
      term = new LeadershipTerm({
        work: (memory, key) => reconcile(input, memory, key),
        clock,
        onError: (workload, error) => log.warn({ workload, error }, 'workload reconcile failed, retrying'),
      });
      const { memory } = term;
      term.resync(resyncMs, () => (input === undefined ? [] : relevant(input, memory)));
      if (input === undefined) return;
      noteOthers(memory, input);
      const keys = relevant(input, memory);
      term.sync(keys);
      term.enqueue(keys);
    },
    onStoppedLeading: async () => {
      const ending = term;
      term = undefined;
      await ending?.end();
    },
    recheck: () => {
      const waiting = [...(term?.memory.states ?? [])].filter(([, state]) => isWaiting(state));
      term?.enqueue(waiting.map(([key]) => key).toSorted());
    },
    report: () => {
      if (term === undefined || input === undefined) return reportOf(new Map());
      return reportOf(term.memory.states, { bare: bareOf(input), others: otherPodsOf(input) });
    },
  };
}

function keysOf(input: Input | undefined): readonly string[] {
  return input === undefined ? [] : [...input.workloads.keys(), ...input.owners.keys()];
}

function isIn({ workloads, owners }: Input, key: string): boolean {
  return workloads.has(key) || owners.has(key);
}

/** An owner whose last pod was evicted is not gone: it is expected to make another one. */
function dismiss(term: LeadershipTerm, key: string): void {
  if (term.memory.others.evicted.has(key)) term.enqueue([key]);
  else term.remove(key);
}

type Work = (input: Input | undefined, memory: Memory, key: string) => Promise<Outcome>;

/** While there is no Mesh to say. */
const defaultLimit = 3;
const uncertainMs = 5000;

function createWork(options: ReconcilerOptions): Work {
  const { port, secrets, xdsReady, whyNoPodCertificates, clock, environment } = options;
  const deps = { port, secrets, xdsReady, whyNoPodCertificates, nowMs: () => clock.now() };
  let version: KubernetesVersion | undefined;
  return async (input, memory, key) => {
    if (input === undefined) return { type: 'done' };
    const { mesh, namespaceLabels, way } = input;
    if (way === null || isUnknown(input)) return { type: 'again', afterMs: uncertainMs };
    memory.rollouts.setLimit(mesh?.sidecar.maxConcurrentRollouts ?? defaultLimit);
    const known = input.workloads.get(key);
    if (known === undefined) return await workOnOwner(options, deps, { input, memory, key });
    version ??= await port.kubernetesVersion();
    const world: World = {
      mesh,
      namespaceLabels: namespaceLabels.get(known.ref.namespace) ?? {},
      kubernetesVersion: version,
      delivery: input.delivery ?? filesOnly,
      way,
      environment,
    };
    const step = await reconcileWorkload(deps, known.ref, { world, pods: input.pods.get(key) ?? [] }, memory);
    await reportState(options, memory, key, step);
    return step.outcome;
  };
}

/** What is injected stays as it is. */
function isUnknown({ isUncertain, mesh, delivery }: Input): boolean {
  return isUncertain || (mesh !== null && delivery === null);
}

interface OwnerWork {
  readonly input: Input;
  readonly memory: Memory;
  readonly key: string;
}

async function workOnOwner(
  options: ReconcilerOptions,
  deps: ReconcileDeps,
  { input, memory, key }: OwnerWork,
): Promise<Outcome> {
  const { pods: port, environment } = options;
  const pods = input.owners.get(key) ?? [];
  const [, namespace = ''] = key.split('/', 2);
  const owner = {
    key,
    namespace,
    pods,
    revision: revisionIn(namespace, input, environment),
    delivery: input.delivery ?? filesOnly,
    evict: port !== undefined && evicts(input) ? (pod: PodRef) => port.evict(pod) : null,
  };
  if (pods.length === 0 && !memory.others.evicted.has(key)) return { type: 'done' };
  const step = await reconcileOwner(deps, owner, memory);
  await reportState(options, memory, key, step);
  return step.outcome;
}
