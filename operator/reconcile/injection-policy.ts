// Keeps the policy by which the API server adds sidecars to pods that no template of ours makes: Jobs, bare pods, pods of other controllers. Entry:
// createInjectionPolicy. Only the operator that leads does so.
import type { Delivery } from '../certificates/delivery.ts';
import type { MeshSettingsIr } from '../ir/mesh-ir.ts';
import type { Clock } from '../process/clock.ts';
import type { Log } from '../process/log.ts';
import { type InjectionReport, notLooked } from '../conditions/injection-report.ts';
import { renderSdsFiles } from '../infra/certificate-files.ts';
import { ownPatch } from '../infra/patches.ts';
import { sdsConfigMap } from '../infra/pod-names.ts';
import type { SidecarPart } from '../infra/sidecar.ts';
import type { InjectionPolicyPort } from '../ports/injection-policy-port.ts';
import type { WorkloadPort, WorkloadRef } from '../ports/workload-port.ts';
import type { Resources } from '../store/resources.ts';
import { compareText } from '../values/compare-text.ts';
import { isSameValue } from '../values/same-value.ts';
import { rememberLast } from '../values/remember.ts';
import { type Environment, isSelected } from './workload/desired.ts';
import { partOf, policyOf } from './workload/policy.ts';

/** Somebody may install the binding, or take it away. */
const lookMs = 60_000;
const retryMs = 5000;

export interface InjectionPolicyOptions {
  readonly port: InjectionPolicyPort;
  readonly workloads: Pick<WorkloadPort, 'keepConfigMap' | 'apply'>;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
  /** The report is another one. */
  readonly onChange: () => void;
}

export interface InjectionPolicy {
  /** delivery null: not known yet, and what is there stays. */
  setInput(resources: Resources, mesh: MeshSettingsIr | null, delivery: Delivery | null): void;
  onStartedLeading(): void;
  /** Resolves when the write at hand has ended. */
  onStoppedLeading(): Promise<void>;
  /** While it follows, of nothing. */
  report(): InjectionReport;
}

interface Wanted {
  /** null: there is no Mesh. */
  readonly policy: object | null;
  /** A pod template of the cluster with our part; null: there is none to try it with. */
  readonly trial: Trial | null;
  /** Those that need the files by which Envoy finds certificates from Secrets, sorted. */
  readonly namespaces: readonly Place[];
}

interface Place {
  readonly name: string;
  /** Another one if it was deleted and made anew. */
  readonly uid: string;
}

/** Name → uid of the namespaces that have what their pods mount. */
type Kept = Map<string, string>;

export function createInjectionPolicy(options: InjectionPolicyOptions): InjectionPolicy {
  const { environment, clock, log, onChange } = options;
  const render = createRenderer(environment);
  /** The same value for as long as the same is asked, as with most batches. null: it cannot be said. */
  const wantedOf = rememberLast(
    (
      namespaces: Resources['namespaces'],
      deployments: Resources['deployments'],
      mesh: MeshSettingsIr | null,
      delivery: Delivery | null,
    ): Wanted | null => {
      if (mesh === null) return { policy: null, trial: null, namespaces: [] };
      if (delivery?.isPossible !== true) return null;
      const { policy, part } = render(mesh, delivery);
      return {
        policy,
        trial: trialOf(deployments, part, environment.ownNamespace),
        namespaces: delivery.inUse === 'Secret' ? selectedNamespaces(namespaces, mesh, environment) : [],
      };
    },
  );
  let wanted: Wanted | undefined;
  let term: Term | undefined;
  let report = notLooked;

  const tell = (next: InjectionReport): void => {
    if (isSameValue(next, report)) return;
    report = next;
    log.info({ ...next }, 'injection policy');
    onChange();
  };
  return {
    setInput: ({ namespaces, deployments }, mesh, delivery) => {
      const next = wantedOf(namespaces, deployments, mesh, delivery);
      if (next === null || next === wanted || isSameValue(next, wanted)) return;
      wanted = next;
      term?.wake();
    },
    onStartedLeading: () => {
      term ??= new Term(clock, async (kept) => {
        if (wanted === undefined) return retryMs;
        try {
          tell(await keep(options, wanted, kept));
          return lookMs;
        } catch (error) {
          log.warn({ error }, 'injection policy not written, retrying');
          return retryMs;
        }
      });
      term.wake();
    },
    onStoppedLeading: async () => {
      const ending = term;
      term = undefined;
      await ending?.end();
      tell(notLooked);
    },
    report: () => report,
  };
}

/** The same values for as long as Mesh and delivery are the same. */
function createRenderer(
  environment: Environment,
): (mesh: MeshSettingsIr, delivery: Delivery) => { readonly policy: object; readonly part: SidecarPart } {
  return rememberLast((mesh, delivery) => ({
    policy: policyOf(mesh, environment, delivery),
    part: partOf(mesh, environment, delivery),
  }));
}

interface Trial {
  readonly ref: WorkloadRef;
  readonly body: object;
}

/**
 * Of the operator itself, as a rule. A field that the API server does not know is refused in a template as well; in the policy it would be found by
 * every pod of the mesh.
 */
function trialOf(
  deployments: Resources['deployments'],
  part: SidecarPart,
  ownNamespace: string,
): Trial | null {
  const own = deployments.find(({ metadata }) => metadata.namespace === ownNamespace) ?? deployments[0];
  if (own === undefined) return null;
  const { name, namespace = '', uid = '' } = own.metadata;
  const ref = { kind: 'Deployment', namespace, name } as const;
  return { ref, body: ownPatch({ ...ref, uid }, part) };
}

async function keep(
  options: InjectionPolicyOptions,
  { policy, trial, namespaces }: Wanted,
  kept: Kept,
): Promise<InjectionReport> {
  const { port, workloads } = options;
  const support = await port.support();
  const report = { support, isInForce: false, refusal: '' };
  if (support !== 'Bound') return report;
  if (policy === null) {
    await port.remove();
    return report;
  }
  await keepFiles(options, namespaces, kept);
  const tried = trial && (await workloads.apply(trial.ref, trial.body, { force: true, dryRun: true }));
  if (tried?.type === 'refused') return { ...report, refusal: tried.message };
  const outcome = await port.apply(policy);
  return outcome.type === 'applied'
    ? { ...report, isInForce: true }
    : { ...report, refusal: outcome.message };
}

/**
 * Pods wait for these files, with a back-off. A namespace that cannot take them, because of a quota or since it ends, has trouble of its own: all others have
 * their policy. Rejects if none can.
 */
async function keepFiles(
  { workloads, log }: InjectionPolicyOptions,
  namespaces: readonly Place[],
  kept: Kept,
): Promise<void> {
  const failures: unknown[] = [];
  for (const { name: namespace, uid } of namespaces) {
    if (kept.get(namespace) === uid) continue;
    try {
      // oxlint-disable-next-line no-await-in-loop -- an API server under load has enough with one
      await workloads.keepConfigMap(namespace, sdsConfigMap, sdsFiles);
      kept.set(namespace, uid);
    } catch (error) {
      failures.push(error);
      log.warn({ namespace, error }, 'ConfigMap for sidecars not written, retrying');
    }
  }
  if (failures.length > 0 && failures.length === namespaces.length)
    throw new Error('no namespace takes the ConfigMap for sidecars', { cause: failures[0] });
}

const sdsFiles: Readonly<Record<string, string>> = Object.fromEntries(renderSdsFiles(''));

function selectedNamespaces(
  namespaces: Resources['namespaces'],
  mesh: MeshSettingsIr | null,
  environment: Environment,
): readonly Place[] {
  return namespaces
    .filter(({ metadata }) =>
      isSelected(metadata.name, { mesh, environment, namespaceLabels: metadata.labels ?? {} }),
    )
    .map(({ metadata: { name, uid = '' } }) => ({ name, uid }))
    .toSorted((one, other) => compareText(one.name, other.name));
}

/** One look after the other, at once when something is new, else after the time that the last one says. */
class Term {
  readonly #clock: Clock;
  readonly #look: (kept: Kept) => Promise<number>;
  readonly #kept = new Map<string, string>();
  #cancel: (() => void) | undefined;
  #isNew = false;
  #looking: Promise<void> | undefined;
  #isOver = false;

  constructor(clock: Clock, look: (kept: Kept) => Promise<number>) {
    this.#clock = clock;
    this.#look = look;
  }

  wake(): void {
    this.#isNew = true;
    this.#cancel?.();
    this.#looking ??= this.#run();
  }

  async end(): Promise<void> {
    this.#isOver = true;
    this.#cancel?.();
    await this.#looking;
  }

  async #run(): Promise<void> {
    let afterMs = 0;
    while (this.#isNew && !this.#isOver) {
      this.#isNew = false;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      afterMs = await this.#look(this.#kept);
    }
    this.#looking = undefined;
    if (!this.#isOver) this.#cancel = this.#clock.after(afterMs, () => this.wake());
  }
}
