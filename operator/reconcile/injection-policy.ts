// Keeps the policy by which the API server adds sidecars to pods, and says whether it does. Entry: createInjectionPolicy. Only the operator that leads does so.
import type { Delivery } from '../certificates/delivery.ts';
import { type InjectionReport, notLooked } from '../conditions/injection-report.ts';
import { ownPatch } from '../infra/patches.ts';
import type { SidecarPart } from '../infra/sidecar.ts';
import type { RenderedPolicy } from '../infra/admission-policy.ts';
import type { MeshSettingsIr } from '../ir/mesh-ir.ts';
import type { InjectionPolicyPort } from '../ports/injection-policy-port.ts';
import type { WorkloadPort } from '../ports/workload-port.ts';
import type { Clock } from '../process/clock.ts';
import type { Log } from '../process/log.ts';
import type { Resources } from '../store/resources.ts';
import { compareText } from '../values/compare-text.ts';
import { rememberLast } from '../values/remember.ts';
import { isSameValue } from '../values/same-value.ts';
import { InjectionLook, type Trial, type Wanted } from './injection-look.ts';
import { Looking } from './looking.ts';
import type { Place } from './sds-files.ts';
import { type InjectionWay, isSelected } from './workload/desired.ts';
import type { Environment } from './workload/environment.ts';
import { partOf, policyOf } from './workload/policy.ts';

const retryMs = 5000;

export interface InjectionPolicyOptions {
  readonly port: InjectionPolicyPort;
  readonly workloads: Pick<WorkloadPort, 'keepConfigMap' | 'apply'>;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
  /** The way or the report is another one. */
  readonly onChange: () => void;
}

export interface InjectionPolicy {
  /**
   * mesh null: there is none. delivery null: not known yet. isServing: whether sidecars would get their configuration. What is in force stays until
   * all is known.
   */
  setInput(
    resources: Resources,
    known: {
      readonly mesh: MeshSettingsIr | null;
      readonly delivery: Delivery | null;
      readonly isServing: boolean;
    },
  ): void;
  onStartedLeading(): void;
  /** Resolves when the write at hand has ended. */
  onStoppedLeading(): Promise<void>;
  /** null: not known yet, or while it follows. */
  way(): InjectionWay | null;
  /** While it follows, of nothing. */
  report(): InjectionReport;
}

export function createInjectionPolicy(options: InjectionPolicyOptions): InjectionPolicy {
  const { clock, log, onChange } = options;
  const wantedOf = createWanted(options.environment);
  let wanted: Wanted | undefined;
  let term: Looking | undefined;
  let way: InjectionWay | null = null;
  let report = notLooked;

  const tell = (next: { readonly way: InjectionWay | null; readonly report: InjectionReport }): void => {
    if (isSameValue(next, { way, report })) return;
    ({ way, report } = next);
    log.info({ ...next.report, ...next.way }, 'injection policy');
    onChange();
  };
  return {
    setInput: ({ namespaces, deployments }, { mesh, delivery, isServing }) => {
      const next = wantedOf(namespaces, deployments, mesh, isServing ? delivery : null);
      if (next === wanted || isSameValue(next, wanted)) return;
      wanted = next;
      term?.wake();
    },
    onStartedLeading: () => {
      if (term !== undefined) return;
      const look = new InjectionLook(options);
      term = new Looking(clock, async () => {
        if (wanted === undefined) return retryMs;
        const seen = await look.at(wanted);
        tell(seen);
        return seen.againMs;
      });
      term.wake();
    },
    onStoppedLeading: async () => {
      const ending = term;
      term = undefined;
      await ending?.end();
      tell({ way: null, report: notLooked });
    },
    way: () => way,
    report: () => report,
  };
}

/** The same value for as long as the same is asked, as with most batches. */
function createWanted(
  environment: Environment,
): (
  namespaces: Resources['namespaces'],
  deployments: Resources['deployments'],
  mesh: MeshSettingsIr | null,
  delivery: Delivery | null,
) => Wanted {
  const render = createRenderer(environment);
  return rememberLast((namespaces, deployments, mesh, delivery): Wanted => {
    if (mesh === null) return { type: 'none' };
    if (delivery === null) return { type: 'later' };
    if (!delivery.isPossible) return { type: 'never' };
    const { policy, part } = render(mesh, delivery);
    return {
      type: 'policy',
      policy,
      trial: trialOf(deployments, part, environment.ownNamespace),
      namespaces: delivery.inUse === 'Secret' ? selectedNamespaces(namespaces, mesh, environment) : [],
    };
  });
}

/** The same values for as long as Mesh and delivery are the same. */
function createRenderer(
  environment: Environment,
): (
  mesh: MeshSettingsIr,
  delivery: Delivery,
) => { readonly policy: RenderedPolicy; readonly part: SidecarPart } {
  return rememberLast((mesh, delivery) => ({
    policy: policyOf(mesh, environment, delivery),
    part: partOf(mesh, environment, delivery),
  }));
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
