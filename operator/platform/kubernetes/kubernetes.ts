// The Kubernetes platform: watches an API server, writes statuses and Secrets there. Entry: createKubernetesPlatform.
// The only room that talks to the API server; it knows nothing behind the store.
import type { Log } from '../../process/log.ts';
import type { Platform } from '../../ports/platform.ts';
import { createAccess } from './access.ts';
import { ApiClient } from './http/api-client.ts';
import { createCertificateRequests } from './certificate-requests.ts';
import { createConfigMaps } from './config-maps.ts';
import type { CrdDefinition } from './crds.ts';
import { type Admit, createFeed } from './feed.ts';
import { defaultInformerSettings, type InformerSettings } from './informer/informer.ts';
import { type KubeConfigOptions, loadKubeConfig } from './http/kube-config.ts';
import { loginSecrets, ownConfigMaps, watchedKinds } from './kinds.ts';
import { MeshOperator } from './mesh-operator.ts';
import { retrying } from './http/retry.ts';
import { createInjectionPolicies } from './injection-policies.ts';
import { createLeases } from './leases.ts';
import { createPodCertificates } from './pod-certificates.ts';
import { createPods } from './pods.ts';
import { createSecrets } from './secrets.ts';
import { createStatuses } from './statuses.ts';
import { createWorkloads } from './workloads.ts';
import { systemJitteredClock, type JitteredClock } from './http/jittered-clock.ts';

/** The Lease by which operators agree on one that writes. */
const leaseName = 'meshwright-operator';
const leaseCallTimeoutMs = 2000;
/** Somebody looks at an empty page meanwhile. */
const accessCallTimeoutMs = 5000;

export interface KubernetesPlatformOptions {
  /** Default: as kubectl, or the pod's own service account. */
  readonly kubeConfig?: KubeConfigOptions;
  readonly log: Log;
  /** The operator's own; made when its first Secret is written, if it does not exist. */
  readonly namespace: string;
  /** Parses our own kinds; refused objects go to sink.reject. */
  readonly admit: Admit;
  /** For tests. */
  readonly clock?: JitteredClock;
  /** For tests. */
  readonly informer?: Partial<InformerSettings>;
}

export interface KubernetesPlatform extends Platform {
  readonly name: 'kubernetes';
  /** The address of the API server. */
  readonly server: string;
  /**
   * Creates or updates the definitions and waits until they are served, for as long as the API server cannot be
   * reached. Before watch; the signal is the same.
   */
  installCrds(definitions: readonly CrdDefinition[], signal?: AbortSignal): Promise<void>;
  /** Closes idle connections. Call it when watch has ended and no status or Secret is to be written any more. */
  close(): void;
}

/** Throws if there is no usable kubeconfig. Connects to nothing yet. */
export function createKubernetesPlatform(options: KubernetesPlatformOptions): KubernetesPlatform {
  const { log, admit, namespace, clock = systemJitteredClock } = options;
  const kubeConfig = loadKubeConfig(options.kubeConfig ?? {});
  const api = new ApiClient({ kubeConfig, clock });
  const retryingApi = retrying(api, { clock });
  // Connections of its own, and no patience: a Lease that cannot be renewed in time is lost.
  const leaseApi = new ApiClient({ kubeConfig, clock, callTimeoutMs: leaseCallTimeoutMs });
  const accessApi = new ApiClient({ kubeConfig, clock, callTimeoutMs: accessCallTimeoutMs });
  const operator = new MeshOperator({
    kubeConfig,
    api,
    retryingApi,
    kinds: [...watchedKinds, ownConfigMaps(namespace), loginSecrets],
    clock,
    log,
    informer: { ...defaultInformerSettings, ...options.informer },
  });
  return {
    name: 'kubernetes',
    close: () => {
      api.close();
      leaseApi.close();
      accessApi.close();
    },
    server: kubeConfig.getCurrentCluster()?.server ?? '',
    statuses: createStatuses(retryingApi, operator, log),
    workloads: createWorkloads(retryingApi),
    injectionPolicy: createInjectionPolicies(retryingApi, namespace),
    pods: createPods(retryingApi, api),
    podCertificates: createPodCertificates({
      api,
      retryingApi,
      clock,
      log,
      informer: { ...defaultInformerSettings, ...options.informer },
    }),
    access: createAccess(accessApi),
    leases: createLeases(leaseApi, { namespace, name: leaseName }),
    configMaps: createConfigMaps(retryingApi, namespace),
    certificateRequests: createCertificateRequests(retryingApi, namespace),
    secrets: createSecrets(retryingApi, { ownNamespace: namespace }),
    installCrds: async (definitions, signal) => {
      signal?.addEventListener('abort', () => operator.stop(), { once: true });
      await Promise.all(definitions.map((definition) => operator.install(definition)));
    },
    watch: async (sink, signal) => {
      await operator.run(createFeed(sink, admit, log), () => sink.synced(), signal);
    },
  };
}
