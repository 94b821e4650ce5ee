// Keeps our part in the pod templates of meshed workloads, and out of all others. Entry: createReconciler. Only the
// operator that leads does so; the others just take note.
import { filesOnly } from '../certificates/delivery.ts';
import type { Clock } from '../process/clock.ts';
import type { KubernetesVersion } from '../infra/preflight.ts';
import type { Log } from '../process/log.ts';
import type { SecretPort } from '../ports/platform.ts';
import type { WorkloadPort } from '../ports/workload-port.ts';
import { barePodsOf } from './bare-pods.ts';
import type { World } from './workload/desired.ts';
import type { Environment } from './workload/environment.ts';
import { forgetOtherNamespaces, type Memory } from './memory.ts';
import { changedKeys, describeInput, type Input, relevantKeys, type Settled } from './input.ts';
import type { Outcome } from './queue.ts';
import { reconcileWorkload } from './workload/reconcile-workload.ts';
import { isWaiting, reportOf, type WorkloadReport } from '../conditions/workload-report.ts';
import { reportState } from './report-state.ts';
import { resyncMs } from './times.ts';
import { LeadershipTerm } from './leadership-term.ts';
import { rememberLast } from '../values/remember.ts';

export interface ReconcilerOptions {
  readonly port: WorkloadPort;
  readonly secrets: Pick<SecretPort, 'read'>;
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

  return {
    setInput: (settled) => {
      const previous = input;
      const current = describeInput(settled);
      input = current;
      if (term === undefined) return;
      for (const key of previous?.workloads.keys() ?? []) if (!current.workloads.has(key)) term.remove(key);
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
      return reportOf(term.memory.states, bareOf(input));
    },
  };
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
    const known = input?.workloads.get(key);
    if (input === undefined || known === undefined) return { type: 'done' };
    const { mesh, namespaceLabels, way } = input;
    if (way === null || isUnknown(input)) return { type: 'again', afterMs: uncertainMs };
    memory.rollouts.setLimit(mesh?.sidecar.maxConcurrentRollouts ?? defaultLimit);
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
