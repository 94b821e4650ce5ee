// The reconciler with its surroundings, where the platform has pod templates and sidecars would reach this operator;
// elsewhere nothing in its place.
import { operatorSpiffeId } from '../certificates/identity.ts';
import type { MeshSettingsIr } from '../ir/mesh-ir.ts';
import type { LeaderCallbacks } from './leadership.ts';
import type { Log } from '../process/log.ts';
import type { Platform } from '../ports/platform.ts';
import { createReconciler } from '../reconcile/reconciler.ts';
import type { WorkloadReport } from '../conditions/workload-report.ts';
import type { Environment } from '../reconcile/workload/desired.ts';
import type { InjectionSettings, Settings } from '../process/settings.ts';
import type { Resources } from '../store/resources.ts';
import { systemClock } from '../process/clock.ts';

export interface Injection extends LeaderCallbacks {
  /** Each settled batch and the Mesh in force in it; null: there is none. */
  setInput(resources: Resources, mesh: MeshSettingsIr | null): void;
  /** Certificates, or the readiness of the control plane, have changed. */
  recheck(): void;
  /** undefined where nobody is given a sidecar. */
  report(): WorkloadReport | undefined;
}

export interface InjectionOptions {
  readonly platform: Platform;
  readonly settings: Settings;
  readonly log: Log;
  readonly xdsReady: () => boolean;
  /** The report may be new. */
  readonly onChange: () => void;
}

export function createInjection({ platform, settings, log, ...rest }: InjectionOptions): Injection {
  const injection = settings.platform.kind === 'kubernetes' ? settings.platform.injection : null;
  if (platform.workloads === undefined) return nobody;
  if (injection === null) {
    log.info(
      'sidecar injection is off: sidecars have no address for this operator, see --sidecar-xds in --help',
    );
    return nobody;
  }
  return createReconciler({
    port: platform.workloads,
    secrets: platform.secrets,
    environment: environmentOf(injection, settings.namespace),
    clock: systemClock,
    log,
    ...rest,
  });
}

const nothing = (): void => undefined;
const nobody: Injection = {
  setInput: nothing,
  recheck: nothing,
  onStartedLeading: nothing,
  onStoppedLeading: () => Promise.resolve(),
  report: () => undefined,
};

function environmentOf({ xds, sidecarImage, initImage }: InjectionSettings, namespace: string): Environment {
  return {
    defaultImages: { sidecar: sidecarImage, init: initImage },
    xds: { address: xds.host, port: xds.port },
    operatorSpiffeId: (trustDomain) => operatorSpiffeId(trustDomain, namespace),
    ownNamespace: namespace,
  };
}
