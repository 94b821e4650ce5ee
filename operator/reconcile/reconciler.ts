// Keeps our part in the pod templates of meshed workloads, and out of all others. Entry: createReconciler. Only the
// operator that leads does so; the others just take note.
import type { Timers } from '../process/timers.ts';
import type { KubernetesVersion } from '../infra/preflight.ts';
import type { MeshSettingsIr } from '../ir/mesh-ir.ts';
import type { Log } from '../process/log.ts';
import type { SecretPort } from '../ports/platform.ts';
import type { WorkloadPort } from '../ports/workload-port.ts';
import type { Resources } from '../store/resources.ts';
import { barePodsOf } from './bare-pods.ts';
import type { Environment, World } from './workload/desired.ts';
import type { Memory } from './memory.ts';
import { changedKeys, describeOffer, type Offered, relevantKeys } from './input.ts';
import type { Outcome } from './queue.ts';
import { reconcileWorkload, resyncMs } from './workload/reconcile-workload.ts';
import { isWaiting, reportOf, type WorkloadReport } from '../conditions/workload-report.ts';
import { tell } from './report-state.ts';
import { Term } from './leadership-term.ts';

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
  /** Of nothing while it follows. */
  report(): WorkloadReport;
}

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { environment, timers, log } = options;
  const reconcile = createWork(options);
  let offered: Offered | undefined;
  let term: Term | undefined;

  const bareOf = remembering((of: Offered) => barePodsOf(of.resources, of.mesh, environment));
  const relevant = (current: Offered, { states }: Memory): readonly string[] =>
    relevantKeys(current, environment, (key) => states.has(key));

  return {
    offer: (resources, mesh) => {
      const previous = offered;
      const current = describeOffer(resources, mesh);
      offered = current;
      if (term === undefined) return;
      for (const key of previous?.workloads.keys() ?? []) if (!current.workloads.has(key)) term.gone(key);
      const keys = relevant(current, term.memory);
      term.begin(keys);
      term.look(changedKeys(keys, previous, current));
    },
    lead: () => {
      if (term !== undefined) return;
      term = new Term({
        work: (memory, key) => reconcile(offered, memory, key),
        timers,
        onError: (workload, error) => log.warn({ workload, error }, 'workload not reconciled, trying again'),
      });
      const { memory } = term;
      term.repeat(resyncMs, () => (offered === undefined ? [] : relevant(offered, memory)));
      if (offered === undefined) return;
      const keys = relevant(offered, memory);
      term.begin(keys);
      term.look(keys);
    },
    follow: async () => {
      const ending = term;
      term = undefined;
      await ending?.end();
    },
    recheck: () => {
      const waiting = [...(term?.memory.states ?? [])].filter(([, state]) => isWaiting(state));
      term?.look(waiting.map(([key]) => key).toSorted());
    },
    report: () => {
      if (term === undefined || offered === undefined) return reportOf(new Map());
      return reportOf(term.memory.states, bareOf(offered));
    },
  };
}

/** The last answer, while the question is the same value. */
function remembering<Q, A>(answer: (question: Q) => A): (question: Q) => A {
  let last: { readonly question: Q; readonly answer: A } | undefined;
  return (question) => {
    if (last === undefined || last.question !== question) last = { question, answer: answer(question) };
    return last.answer;
  };
}

type Work = (offered: Offered | undefined, memory: Memory, key: string) => Promise<Outcome>;

/** While there is no Mesh to say. */
const defaultLimit = 3;
const uncertainMs = 5000;

function createWork(options: ReconcilerOptions): Work {
  const { port, secrets, xdsReady, timers, environment } = options;
  const deps = { port, secrets, xdsReady, nowMs: () => timers.now() };
  let version: KubernetesVersion | undefined;
  return async (offered, memory, key) => {
    const known = offered?.workloads.get(key);
    if (offered === undefined || known === undefined) return { type: 'done' };
    if (offered.isUncertain) return { type: 'again', afterMs: uncertainMs };
    const { mesh, namespaceLabels } = offered;
    memory.rollouts.setLimit(mesh?.sidecar.maxConcurrentRollouts ?? defaultLimit);
    version ??= await port.kubernetesVersion();
    const world: World = {
      mesh,
      namespaceLabels: namespaceLabels.get(known.ref.namespace) ?? {},
      kubernetesVersion: version,
      environment,
    };
    const step = await reconcileWorkload(deps, known.ref, world, memory);
    await tell(options, memory, key, step);
    return step.outcome;
  };
}
