// The reconciler, where the platform has pod templates and sidecars would reach this operator; elsewhere nothing in its place.
import type { Delivery } from '../certificates/delivery.ts';
import { operatorSpiffeId } from '../certificates/identity.ts';
import type { IssuerState } from '../certificates/issuer-ports.ts';
import type { InjectionSettings } from '../process/settings.ts';
import { createReconciler } from '../reconcile/reconciler.ts';
import type { Environment } from '../reconcile/workload/environment.ts';
import { notLooked } from '../conditions/injection-report.ts';
import { isUncertain } from '../reconcile/input.ts';
import { createInjectionPolicy, type InjectionPolicy } from '../reconcile/injection-policy.ts';
import type { Context, LeaderCallbacks, Made, Reads, Writes } from './part.ts';

type Cells = Reads<'resources' | 'translation' | 'delivery' | 'snapshot' | 'certificates' | 'xdsPort'> &
  Writes<'workloadReport'>;

export interface InjectionContext extends Pick<Context, 'clock' | 'log'> {
  readonly platform: Pick<Context['platform'], 'workloads' | 'secrets' | 'injectionPolicy' | 'pods'>;
  readonly settings: Pick<Context['settings'], 'platform' | 'namespace'>;
}

/** Where the platform knows no policies. */
const byTemplates = { type: 'Template' } as const;

export function createInjection(cells: Cells, context: InjectionContext): Made {
  const { platform, settings, clock, log } = context;
  const { resources, translation, delivery, snapshot, certificates, xdsPort, workloadReport } = cells;
  const injection = settings.platform.kind === 'kubernetes' ? settings.platform.injection : null;
  if (platform.workloads === undefined) return {};
  if (injection === null) {
    log.info(
      'sidecar injection is off: sidecars have no address for this operator, see --sidecar-xds in --help',
    );
    return {};
  }
  const way: { onChange?: () => void } = {};
  const environment = environmentOf(injection, settings.namespace);
  const policy =
    platform.injectionPolicy &&
    createInjectionPolicy({
      port: platform.injectionPolicy,
      workloads: platform.workloads,
      environment,
      clock,
      log,
      onChange: () => {
        way.onChange?.();
        workloadReport.changed();
      },
    });
  const reconciler = createReconciler({
    port: platform.workloads,
    secrets: platform.secrets,
    pods: platform.pods,
    environment,
    clock,
    log,
    xdsReady: () => xdsPort.get() !== 0 && snapshot.get() !== null,
    whyNoPodCertificates: () => whyNoPodCertificates(delivery.get(), certificates.get()),
    onChange: workloadReport.changed,
  });
  workloadReport.define(() => ({ ...reconciler.report(), injection: policy?.report() ?? notLooked }));
  const setInput = (): void => {
    const settled = resources.get();
    if (settled === null) return;
    const mesh = translation.get().ir?.settings ?? null;
    reconciler.setInput({
      resources: settled,
      mesh,
      delivery: delivery.get(),
      way: policy === undefined ? byTemplates : policy.way(),
    });
  };
  way.onChange = setInput;
  resources.subscribe(setInput);
  delivery.subscribe(setInput);
  // What workloads may wait for: certificates, and an operator that serves.
  certificates.subscribe(() => reconciler.recheck());
  snapshot.subscribe(() => reconciler.recheck());
  if (policy !== undefined) feed(policy, cells);
  return { leaderCallbacks: bothOf(reconciler, policy) };
}

/** A pod with a sidecar does not start before there is an operator for it, so the policy waits for one. What is in force stays meanwhile. */
function feed(policy: InjectionPolicy, cells: Cells): void {
  const { resources, translation, delivery, snapshot, certificates } = cells;
  const isServing = (): boolean =>
    snapshot.get() !== null &&
    (delivery.get()?.inUse !== 'PodCertificate' || certificates.get().isTrustPublished);
  const setInput = (): void => {
    const settled = resources.get();
    if (settled === null) return;
    const mesh = translation.get().ir?.settings ?? null;
    if (isUncertain(settled, mesh)) return;
    policy.setInput(settled, { mesh, delivery: delivery.get(), isServing: isServing() });
  };
  resources.subscribe(setInput);
  delivery.subscribe(setInput);
  certificates.subscribe(setInput);
  snapshot.subscribe(setInput);
}

function bothOf(reconciler: LeaderCallbacks, policy: LeaderCallbacks | undefined): LeaderCallbacks {
  return {
    onStartedLeading: () => {
      reconciler.onStartedLeading();
      policy?.onStartedLeading();
    },
    onStoppedLeading: async () => {
      await Promise.all([reconciler.onStoppedLeading(), policy?.onStoppedLeading()]);
    },
  };
}

/** Pods without the roots would wait for them, with a back-off. */
function whyNoPodCertificates(delivery: Delivery | null, { isTrustPublished }: IssuerState): string | null {
  if (delivery?.isPossible === false)
    return `${delivery.why ?? ''} Or set spec.certificates.delivery to Auto.`;
  return isTrustPublished
    ? null
    : 'The root certificates are not published yet. See the conditions of the Mesh.';
}

function environmentOf({ xds, sidecarImage, initImage }: InjectionSettings, namespace: string): Environment {
  return {
    defaultImages: { sidecar: sidecarImage, init: initImage },
    xds: { address: xds.host, port: xds.port },
    operatorSpiffeId: (trustDomain) => operatorSpiffeId(trustDomain, namespace),
    ownNamespace: namespace,
  };
}
