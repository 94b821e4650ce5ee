// A real etcd and kube-apiserver with the synthetic mesh in it, and somebody who changes it: not the server that is measured.
import { z } from 'zod';
import { certificateSecretName } from '../../../operator/certificates/names.ts';
import { managedLabels } from '../../../operator/values/own-names.ts';
import type { TrafficPolicy } from '../../../api/v1alpha1/traffic/policy.ts';
import type { EndpointSlice } from '../../../operator/objects/objects.ts';
import { startApiServer } from '../../support/kubernetes.ts';
import { poll } from '../../support/kubernetes/poll.ts';
import { Edits } from '../edits.ts';
import { monotonicMs, type KeyPair, type OperatorOptions, type Size } from '../protocol.ts';
import type { Ending } from '../processes.ts';
import { namespaceOf, serviceName, servicesWithProxies } from '../synthetic-mesh.ts';
import { ApiClient, type Call } from './api-client.ts';
import {
  callsOf,
  creation,
  definitions,
  meshCreation,
  namespaceCreations,
  replacement,
  specification,
} from './objects.ts';

export interface Cluster extends OperatorOptions {
  readonly edits: Edits;
  /** Of the services with proxies, as the operator has issued them. Waits until it has, for every service. */
  readonly certificates: () => Promise<Readonly<Record<string, KeyPair>>>;
  /** Pod → the uid that the API server gave it. */
  readonly podUids: () => Promise<Readonly<Record<string, string>>>;
}

const certificatesDeadlineMs = 300_000;

/** An API server that holds the mesh. `started`: takes what is to be ended, in the order in which it was started. */
export async function startCluster(size: Size, started: Ending[]): Promise<Cluster> {
  const server = await startApiServer();
  started.push({ end: () => server.stop() });
  const api = await ApiClient.open(server.kubeconfigPath);
  started.push({ end: () => Promise.resolve(api.close()) });
  const startedAtMs = monotonicMs();
  const objects = await fill(api, size);
  const seconds = (monotonicMs() - startedAtMs) / 1000;
  process.stdout.write(`\nAPI server: ${objects} objects written in ${seconds.toFixed(0)} s\n`);
  return {
    kubeconfig: server.kubeconfigPath,
    edits: editsOf(api, size),
    certificates: () => readCertificates(api, size),
    podUids: () => readPodUids(api),
  };
}

/** Returns the number of objects. */
async function fill(api: ApiClient, size: Size): Promise<number> {
  await api.each([...definitions, ...namespaceCreations], (call) => api.call(call));
  await poll(() => served(api), { intervalMs: 100, deadlineMs: 30_000 });
  const services = Array.from({ length: size.services }, (_, index) => index);
  await api.each(services, async (index) => {
    for (const call of callsOf(index, size)) await api.call(call);
  });
  return services.length * (2 + size.endpoints + (size.policies ? 1 : 0));
}

/** Definitions are accepted before they are served. */
async function served(api: ApiClient): Promise<true | undefined> {
  try {
    await api.call(meshCreation);
    return true;
  } catch {
    return undefined;
  }
}

function editsOf(api: ApiClient, size: Size): Edits {
  const policies = new Set<string>();
  const call = (object: EndpointSlice | TrafficPolicy): Call => {
    if (object.kind === 'EndpointSlice') return replacement(object);
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    if (policies.has(key)) return specification(object);
    policies.add(key);
    return creation(object);
  };
  return new Edits(size, {
    put: async (object) => {
      await api.call(call(object));
    },
  });
}

const Secrets = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ namespace: z.string(), name: z.string() }),
      data: z.record(z.string(), z.string()),
    }),
  ),
});

async function readCertificates(api: ApiClient, size: Size): Promise<Readonly<Record<string, KeyPair>>> {
  const labels = Object.entries(managedLabels).map(([name, value]) => `${name}=${value}`);
  const list: Call = {
    method: 'GET',
    path: `/api/v1/secrets?labelSelector=${encodeURIComponent(labels.join())}`,
  };
  const find = async (): Promise<ReadonlyMap<string, Secret> | undefined> => {
    const { items } = Secrets.parse(await api.call(list));
    // Besides those of the services there is the root's.
    if (items.length <= size.services) return undefined;
    return new Map(items.map((item) => [`${item.metadata.namespace}/${item.metadata.name}`, item]));
  };
  const found = await poll(find, { intervalMs: 500, deadlineMs: certificatesDeadlineMs });
  const used = Array.from({ length: servicesWithProxies(size) }, (_, index) => index);
  return Object.fromEntries(
    used.map((index) => {
      const name = `${namespaceOf(index)}/${certificateSecretName(serviceName(index))}`;
      const data = found.get(name)?.data ?? {};
      return [serviceName(index), { cert: pem(data['tls.crt']), key: pem(data['tls.key']) }];
    }),
  );
}

const Pods = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string(), uid: z.string() }) })),
});

async function readPodUids(api: ApiClient): Promise<Readonly<Record<string, string>>> {
  const { items } = Pods.parse(await api.call({ method: 'GET', path: '/api/v1/pods' }));
  return Object.fromEntries(items.map(({ metadata }) => [metadata.name, metadata.uid]));
}

type Secret = z.infer<typeof Secrets>['items'][number];

function pem(base64: string | undefined): string {
  if (base64 === undefined) throw new Error('the operator has issued no certificate for a service');
  return Buffer.from(base64, 'base64').toString();
}
