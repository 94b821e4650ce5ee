// A real API server, the Kubernetes platform and the reconciler on it, for tests of injection. There are no
// controllers: whoever needs a rollout to proceed writes the status. Entry: startInjection.
import { filesOnly } from '../../operator/certificates/delivery.ts';
import { admit } from '../../api/admission.ts';
import { certificateSecretName } from '../../operator/certificates/names.ts';
import { operatorSpiffeId } from '../../operator/certificates/identity.ts';
import { systemClock } from '../../operator/process/clock.ts';
import { createLog } from '../../operator/process/log.ts';
import { ApiClient, type ApiRequest } from '../../operator/platform/kubernetes/http/api-client.ts';
import { loadKubeConfig } from '../../operator/platform/kubernetes/http/kube-config.ts';
import { systemJitteredClock } from '../../operator/platform/kubernetes/http/jittered-clock.ts';
import type { KubernetesPlatform } from '../../operator/platform/kubernetes/kubernetes.ts';
import { createReconciler, type Reconciler } from '../../operator/reconcile/reconciler.ts';
import { createStore } from '../../operator/store/store.ts';
import { electMesh, meshSettings } from '../../operator/translate/facts/meshes.ts';
import { crdFiles } from '../../config/crd-files.ts';
import { type ApiServer, type CommandResult, startApiServer } from './kubernetes.ts';
import { poll } from './kubernetes/poll.ts';
import { untilServed } from './kubernetes/until-served.ts';
import { parse } from 'yaml';
import type { CrdDefinition } from '../../operator/platform/kubernetes/crds.ts';

export type Json = Readonly<Record<string, unknown>>;

/** As far as tests look at it. */
export interface SeenWorkload {
  readonly metadata: {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly {
      readonly manager: string;
      readonly operation: string;
      readonly fieldsV1: unknown;
    }[];
  };
  readonly spec: {
    readonly template: SeenTemplate;
    readonly jobTemplate?: { readonly spec: { readonly template: SeenTemplate } };
  };
}

export interface SeenTemplate {
  readonly metadata?: {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly initContainers?: readonly { readonly name: string; readonly image?: string }[];
    readonly containers: readonly { readonly name: string; readonly image?: string }[];
    readonly volumes?: readonly { readonly name: string }[];
  };
}

export interface Injection {
  readonly server: ApiServer;
  readonly platform: KubernetesPlatform;
  readonly api: ApiClient;
  kubectl(args: readonly string[], ...documents: readonly object[]): Promise<string>;
  tryKubectl(args: readonly string[], ...documents: readonly object[]): Promise<CommandResult>;
  /** A namespace of its own, with the certificate of the service account `default`. */
  namespace(name: string, labels?: Json): Promise<void>;
  get(kind: string, namespace: string, name: string): Promise<SeenWorkload>;
  call(request: ApiRequest): Promise<unknown>;
  /** Waits until it holds, for at most 20 s. */
  until<T>(ask: () => Promise<T | undefined>): Promise<T>;
  /** One operator more. images: its defaults. */
  start(images?: typeof environment.defaultImages): RunningReconciler;
  stop(): Promise<void>;
}

export interface RunningReconciler {
  readonly reconciler: Reconciler;
  xdsReady: boolean;
  stop(): Promise<void>;
}

const log = createLog('silent');
export const ownNamespace = 'meshwright-system';

export const environment = {
  defaultImages: { sidecar: 'envoy:test', init: 'meshwright:test' },
  xds: { address: 'meshwright.meshwright-system.svc', port: 15012 },
  operatorSpiffeId: (trustDomain: string) => operatorSpiffeId(trustDomain, ownNamespace),
  ownNamespace,
};

// Jest must have linked client-node before @dot-i/k8s-operator, which is CommonJS, requires it.
const { createKubernetesPlatform } = await import('../../operator/platform/kubernetes/kubernetes.ts');

export async function startInjection(): Promise<Injection> {
  const server = await startApiServer();
  const platform = newPlatform(server);
  const api = new ApiClient({
    kubeConfig: loadKubeConfig({ path: server.kubeconfigPath }),
    clock: systemJitteredClock,
  });
  await platform.installCrds(crdFiles().map(({ text }) => parse(text) as CrdDefinition));
  await untilServed(server);
  const running: RunningReconciler[] = [];
  const tryKubectl: Injection['tryKubectl'] = (args, ...documents) =>
    server.kubectl(args, documents.map((document) => JSON.stringify(document)).join('\n---\n'));
  const injection: Injection = {
    server,
    platform,
    api,
    tryKubectl,
    kubectl: async (args, ...documents) => {
      const result = await tryKubectl(args, ...documents);
      if (result.code !== 0) throw new Error(`${args.join(' ')}: ${result.stderr}`);
      return result.stdout;
    },
    namespace: async (name, labels = { 'meshwright.dev/mesh': 'enabled' }) => {
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
      await api.call({ method: 'POST', path: '/api/v1/namespaces', body });
      await writeCertificate(platform, name, 'default');
    },
    get: async (kind, namespace, name) => {
      const group = kind === 'cronjobs' ? 'batch' : 'apps';
      return (await api.call({
        method: 'GET',
        path: `/apis/${group}/v1/namespaces/${namespace}/${kind}/${name}`,
      })) as SeenWorkload;
    },
    call: (request) => api.call(request),
    until: (ask) => poll(ask, { intervalMs: 25, deadlineMs: 60_000 }),
    start: (defaultImages = environment.defaultImages) => {
      const started = startReconciler(newPlatform(server), { ...environment, defaultImages });
      running.push(started);
      return started;
    },
    stop: async () => {
      await Promise.all(running.map((each) => each.stop()));
      platform.close();
      api.close();
      await server.stop();
    },
  };
  return injection;
}

function newPlatform(server: ApiServer): KubernetesPlatform {
  return createKubernetesPlatform({
    kubeConfig: { path: server.kubeconfigPath },
    log,
    namespace: ownNamespace,
    admit,
  });
}

/** What its controller would write when all of its pods are there; or when it has given up. */
export async function writeDeploymentStatus(
  { api }: Pick<Injection, 'api'>,
  place: { readonly namespace: string; readonly name: string },
  failure?: string,
): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${place.namespace}/deployments/${place.name}`;
  const { metadata } = (await api.call({ method: 'GET', path })) as SeenWorkload;
  const progressing = {
    type: 'Progressing',
    reason: 'Test',
    status: failure === undefined ? 'True' : 'False',
    message: failure ?? '',
  };
  const status = {
    observedGeneration: metadata.generation,
    replicas: failure === undefined ? 1 : 2,
    updatedReplicas: 1,
    readyReplicas: 1,
    availableReplicas: 1,
    conditions: [progressing],
  };
  await api.call({
    method: 'PATCH',
    path: `${path}/status`,
    contentType: 'application/merge-patch+json',
    body: { status },
  });
}

export async function writeCertificate(
  platform: KubernetesPlatform,
  namespace: string,
  account: string,
): Promise<void> {
  const data = { 'tls.crt': 'certificate', 'tls.key': 'key', 'ca.crt': 'roots' };
  await platform.secrets.write(namespace, certificateSecretName(account), data, {});
}

function startReconciler(platform: KubernetesPlatform, of: typeof environment): RunningReconciler {
  const { workloads: port, secrets } = platform;
  if (port === undefined) throw new Error('the Kubernetes platform has workloads');
  const reconciler = createReconciler({
    port,
    secrets,
    environment: of,
    clock: systemClock,
    log,
    xdsReady: () => running.xdsReady,
    whyNoPodCertificates: () => null,
    onChange: () => undefined,
  });
  const stopping = new AbortController();
  const store = createStore({
    clock: systemClock,
    onSettled: (resources) => {
      const { mesh } = electMesh(resources.meshes);
      reconciler.setInput({
        resources,
        mesh: mesh === undefined ? null : meshSettings(mesh),
        delivery: filesOnly,
        way: { type: 'Template' },
      });
    },
  });
  const watched = platform.watch(store, stopping.signal);
  reconciler.onStartedLeading();
  const running: RunningReconciler = {
    reconciler,
    xdsReady: true,
    stop: async () => {
      if (stopping.signal.aborted) return;
      stopping.abort();
      await watched;
      store.close();
      await reconciler.onStoppedLeading();
      platform.close();
    },
  };
  return running;
}

/** Names in order. */
export function initNames({ spec }: SeenTemplate): readonly string[] {
  return (spec.initContainers ?? []).map(({ name }) => name);
}
