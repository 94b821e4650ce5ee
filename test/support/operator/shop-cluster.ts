// The shop on a real API server with a real operator: what a test does with kubectl, and the sidecars of its Pods.
// Entry: startShopCluster. No kubelet and no controllers: their part is written by hand.
import { z } from 'zod';
import { operatorSpiffeId } from '../../../operator/certificates/identity.ts';
import { type ApiServer, startApiServer } from '../kubernetes.ts';
import { freePort } from '../kubernetes/free-port.ts';
import { poll } from '../kubernetes/poll.ts';
import { untilServed } from '../kubernetes/until-served.ts';
import { type OperatorPorts, type OperatorProcess, startOperator } from '../operator.ts';
import { type PodProxy, type ProxyPlace, startPodProxy } from '../pod-proxy.ts';
import {
  endpointSlice,
  mesh,
  namespace,
  podManifest,
  podStatus,
  shopManifests,
  type ShopPod,
  shopPods,
} from './shop.ts';

export const operatorNamespace = 'meshwright-system';
const xdsServer = operatorSpiffeId('cluster.local', operatorNamespace);

const ApiObject = z.looseObject({
  metadata: z.looseObject({
    resourceVersion: z.string(),
    generation: z.number().optional(),
    uid: z.string(),
  }),
  status: z
    .looseObject({
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            // Pods have conditions of their own.
            reason: z.string().default(''),
            message: z.string().default(''),
            observedGeneration: z.number().default(0),
            lastTransitionTime: z.string(),
          }),
        )
        .optional(),
      proxies: z.record(z.string(), z.union([z.number(), z.string()])).optional(),
    })
    .optional(),
  data: z.record(z.string(), z.string()).optional(),
  type: z.string().optional(),
});
export type ApiObject = z.infer<typeof ApiObject>;
export type ReadCondition = NonNullable<NonNullable<ApiObject['status']>['conditions']>[number];

export interface StartProxyOptions {
  /** The service account whose certificate it bears. Default: the Pod's own. */
  readonly identity?: string;
  /** Where it finds the operator. Default: where it listens. */
  readonly xds?: { readonly address: string; readonly port: number };
  readonly place?: ProxyPlace;
}

export interface ShopOptions {
  /** Of the Mesh. */
  readonly spec?: object;
  /** Before the Mesh is there. */
  readonly prepare?: (cluster: ShopCluster) => Promise<void>;
}

export class ShopCluster {
  readonly server: ApiServer;
  readonly proxies = new Map<string, PodProxy>();
  #operator: OperatorProcess;
  #ports: OperatorPorts | undefined;

  constructor(server: ApiServer, operator: OperatorProcess) {
    this.server = server;
    this.#operator = operator;
  }

  get operator(): OperatorProcess {
    return this.#operator;
  }

  /** Where it serves; it must be ready. */
  get ports(): OperatorPorts {
    if (this.#ports === undefined) throw new Error('the operator is not ready yet');
    return this.#ports;
  }

  async untilReady(): Promise<void> {
    this.#ports = await this.#operator.ready();
  }

  /** Another operator in place of one that is gone, on the same port. */
  async startOperatorAgain(): Promise<void> {
    const { kubeconfigPath } = this.server;
    const xdsAddress = `127.0.0.1:${this.ports.xdsPort}`;
    await this.#operator.stop();
    this.#operator = await startOperator({ kubeconfigPath, xdsAddress });
    await this.untilReady();
  }

  /** What kubectl prints, in the namespace of the shop. Rejects with what it says when it fails. */
  async kubectl(args: readonly string[], documents: readonly object[] = []): Promise<string> {
    const input = documents.map((document) => JSON.stringify(document)).join('\n---\n');
    const result = await this.server.kubectl(['--namespace', namespace, ...args], input);
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  }

  async apply(...documents: readonly object[]): Promise<string> {
    return await this.kubectl(['apply', '-f', '-'], documents);
  }

  /** `what` as kubectl names it: `trafficpolicy/reviews`. */
  async get(what: string): Promise<ApiObject> {
    return ApiObject.parse(JSON.parse(await this.kubectl(['get', what, '-o', 'json'])));
  }

  /** Its version, which every write changes. */
  async versionOf(what: string): Promise<string> {
    return (await this.get(what)).metadata.resourceVersion;
  }

  async condition(what: string, type: string): Promise<ReadCondition | undefined> {
    const { status } = await this.get(what);
    return status?.conditions?.find((condition) => condition.type === type);
  }

  /** `kubectl wait`: rejects after so many seconds. */
  async waitFor(what: string, condition: string, seconds = 60): Promise<void> {
    await this.kubectl(['wait', what, `--for=${condition}`, `--timeout=${seconds}s`]);
  }

  /** Resolves when the operator counts so many sidecars, all of them current. */
  async untilCurrent(count: number): Promise<void> {
    try {
      await this.waitFor('mesh/default', `jsonpath={.status.proxies.summary}=${count}/${count}`);
    } catch (cause) {
      const { status } = await this.get('mesh/default');
      const reports = await (await fetch(`http://127.0.0.1:${this.ports.adminPort}/debug/proxies`)).text();
      throw new Error(`the Mesh says ${JSON.stringify(status)}, the operator ${reports}`, { cause });
    }
  }

  /** Resolves when so many sidecars have a stream to the operator; what a status says may be of an earlier operator. */
  async untilConnected(count: number): Promise<void> {
    const url = `http://127.0.0.1:${this.ports.adminPort}/debug/proxies`;
    // Envoy tries again after a random pause of up to 30 s.
    await this.until(async () => {
      const proxies: unknown = await (await fetch(url)).json();
      return Array.isArray(proxies) && proxies.length === count ? true : undefined;
    }, 90_000);
  }

  /** The files of a service account's Secret, once it is there. */
  async secretOf(serviceAccount: string): Promise<Readonly<Record<string, string>>> {
    await this.waitFor(`secret/meshwright-${serviceAccount}`, 'create');
    const { data = {} } = await this.get(`secret/meshwright-${serviceAccount}`);
    return Object.fromEntries(
      Object.entries(data).map(([file, text]) => [file, Buffer.from(text, 'base64').toString()]),
    );
  }

  /** Makes Pods as the cluster's own controllers would. */
  async applyPods(pods: readonly ShopPod[]): Promise<void> {
    await this.apply(...pods.map(podManifest));
    await this.#applyStatus(pods.map((pod) => podStatus(pod)));
  }

  async #applyStatus(objects: readonly object[]): Promise<void> {
    await this.kubectl(
      ['apply', '--server-side', '--subresource=status', '--force-conflicts', '-f', '-'],
      objects,
    );
  }

  /** Starts the Pod's sidecar. */
  async startProxy(pod: ShopPod, options: StartProxyOptions = {}): Promise<PodProxy> {
    const { name, app } = pod;
    const { identity = app, xds = { address: '127.0.0.1', port: this.ports.xdsPort }, place } = options;
    const { uid } = (await this.get(`pod/${name}`)).metadata;
    const proxy = await startPodProxy({
      pod: { namespace, name, uid },
      secret: await this.secretOf(identity),
      xds: { ...xds, serverSpiffeId: xdsServer },
      ...(place !== undefined && { place }),
    });
    this.proxies.set(name, proxy);
    // With the certificate of another its startup probe fails.
    if (options.identity === undefined) await this.#applyStatus([podStatus(pod, true)]);
    return proxy;
  }

  proxy(name: string): PodProxy {
    const proxy = this.proxies.get(name);
    if (proxy === undefined) throw new Error(`${name} has no sidecar`);
    return proxy;
  }

  async stopProxy(name: string): Promise<void> {
    await this.proxy(name).stop();
    this.proxies.delete(name);
  }

  /** Asks until `ask` gives something. */
  async until<T>(ask: () => Promise<T | undefined>, deadlineMs = 60_000): Promise<T> {
    return await poll(ask, { intervalMs: 50, deadlineMs });
  }

  async stop(): Promise<void> {
    await Promise.all([...this.proxies.values()].map((proxy) => proxy.stop()));
    await this.#operator.stop();
    await this.server.stop();
  }
}

/** An API server with the operator and nothing in it but the definitions that the operator installed. */
export async function startCluster(): Promise<ShopCluster> {
  const server = await startApiServer();
  const { kubeconfigPath } = server;
  // Nobody takes it while an operator is gone and the next one is not there yet.
  const xdsAddress = `127.0.0.1:${await freePort()}`;
  const cluster = new ShopCluster(server, await startOperator({ kubeconfigPath, xdsAddress }));
  try {
    const kinds = ['meshes', 'trafficpolicies', 'securitypolicies', 'externalworkloads'];
    const definitions = kinds.map((plural) => `crd/${plural}.meshwright.dev`);
    // One by one: kubectl waits for the creation of a single object only.
    await Promise.all(definitions.map((definition) => cluster.waitFor(definition, 'create')));
    await cluster.kubectl(['wait', ...definitions, '--for=condition=Established', '--timeout=60s']);
    await untilServed(server);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** The Mesh and the whole shop in it, ready for the sidecars of its Pods. */
export async function startShop({ spec = {}, prepare }: ShopOptions = {}): Promise<ShopCluster> {
  const cluster = await startCluster();
  try {
    await prepare?.(cluster);
    await cluster.apply(mesh(spec), ...shopManifests(shopPods));
    await cluster.applyPods(shopPods);
    await cluster.apply(...['productpage', 'reviews'].map((app) => endpointSlice(app, shopPods)));
    await cluster.untilReady();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** The shop, every Pod with a sidecar that has its configuration. */
export async function startShopCluster(): Promise<ShopCluster> {
  const cluster = await startShop();
  try {
    await Promise.all(shopPods.map((pod) => cluster.startProxy(pod)));
    await cluster.untilCurrent(shopPods.length);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
