// The reconciler, where the platform has pod templates and sidecars would reach this operator; elsewhere nothing in its place.
import { operatorSpiffeId } from '../certificates/identity.ts';
import type { InjectionSettings } from '../process/settings.ts';
import { createReconciler } from '../reconcile/reconciler.ts';
import type { Environment } from '../reconcile/workload/desired.ts';
import type { Context, Made, Reads, Writes } from './part.ts';

type Cells = Reads<'resources' | 'translation' | 'snapshot' | 'certificates' | 'xdsPort'> &
  Writes<'workloadReport'>;

export interface InjectionContext extends Pick<Context, 'clock' | 'log'> {
  readonly platform: Pick<Context['platform'], 'workloads' | 'secrets'>;
  readonly settings: Pick<Context['settings'], 'platform' | 'namespace'>;
}

export function createInjection(cells: Cells, { platform, settings, clock, log }: InjectionContext): Made {
  const { resources, translation, snapshot, certificates, xdsPort, workloadReport } = cells;
  const injection = settings.platform.kind === 'kubernetes' ? settings.platform.injection : null;
  if (platform.workloads === undefined) return {};
  if (injection === null) {
    log.info(
      'sidecar injection is off: sidecars have no address for this operator, see --sidecar-xds in --help',
    );
    return {};
  }
  const reconciler = createReconciler({
    port: platform.workloads,
    secrets: platform.secrets,
    environment: environmentOf(injection, settings.namespace),
    clock,
    log,
    xdsReady: () => xdsPort.get() !== 0 && snapshot.get() !== null,
    onChange: workloadReport.changed,
  });
  workloadReport.define(() => reconciler.report());
  resources.subscribe(() => {
    const settled = resources.get();
    if (settled !== null) reconciler.setInput(settled, translation.get().ir?.settings ?? null);
  });
  // What workloads may wait for: certificates, and an operator that serves.
  certificates.subscribe(() => reconciler.recheck());
  snapshot.subscribe(() => reconciler.recheck());
  return { leaderCallbacks: reconciler };
}

function environmentOf({ xds, sidecarImage, initImage }: InjectionSettings, namespace: string): Environment {
  return {
    defaultImages: { sidecar: sidecarImage, init: initImage },
    xds: { address: xds.host, port: xds.port },
    operatorSpiffeId: (trustDomain) => operatorSpiffeId(trustDomain, namespace),
    ownNamespace: namespace,
  };
}
