// The shop on a real API server with a real operator, and each of its Pods in a network namespace of its own, with its application, a
// real Envoy and the redirection rules that an injected Pod gets. Entries: shopNetworkMissing, startShopNetwork.
import type { Closing } from '../data-plane/closing.ts';
import { apiServerAvailable } from '../kubernetes.ts';
import {
  ipv6Of,
  type NetworkNode,
  type NetworkPod,
  podNetworkAvailable,
  startPodNetwork,
} from '../pod-network/network.ts';
import type { PodProxy } from '../pod-proxy.ts';
import { appPort, type ShopPod, shopPods } from './shop.ts';
import { type ShopCluster, type ShopOptions, startShop } from './shop-cluster.ts';

export interface ShopNetwork {
  readonly cluster: ShopCluster;
  /** The virtual address of Service reviews. */
  readonly reviews: string;
  /** A Pod without a sidecar, with an application of its own. */
  readonly outsider: NetworkPod;
  readonly node: NetworkNode;
  /** How many Pods have a sidecar. */
  readonly size: number;
  /** Of Pods with a sidecar, by the Pod's name. @throws for a name that the shop does not have. */
  pod(name: string): NetworkPod;
  /** The network of a Pod that does not belong to the shop yet, with its application; and what starts its sidecar. */
  prepare(pod: ShopPod): Promise<{ readonly place: NetworkPod; readonly start: () => Promise<PodProxy> }>;
}

const outsiderAddress = '10.1.0.9';

/** What is missing here, a sentence each; none: startShopNetwork can work. */
export async function shopNetworkMissing(): Promise<readonly string[]> {
  const found = [await apiServerAvailable(), await podNetworkAvailable()];
  return found.flatMap((it) => (it.available ? [] : [it.reason]));
}

/** Resolves when every sidecar has acknowledged what it is to have. Takes up to a minute and a half. */
export async function startShopNetwork(closing: Closing, options: ShopOptions = {}): Promise<ShopNetwork> {
  const network = await startPodNetwork();
  closing.add(() => network.stop());
  const cluster = await startShop(options);
  closing.add(() => cluster.stop());
  const dualStack = shopPods.map((pod) => ({ ...pod, ipv6: ipv6Of(pod.address) }));
  await cluster.applyPods(dualStack);
  const xds = await network.relayTo(cluster.ports.xdsPort);
  const prepare: ShopNetwork['prepare'] = async (pod) => {
    const place = await network.addPod(pod.address);
    await place.intercept();
    await place.startApplication(`${pod.app}-${pod.version}`, appPort);
    return { place, start: () => cluster.startProxy(pod, { xds, place: place.place }) };
  };
  const start = async (pod: ShopPod): Promise<readonly [string, NetworkPod]> => {
    const prepared = await prepare(pod);
    await prepared.start();
    return [pod.name, prepared.place];
  };
  const pods = new Map(await Promise.all(dualStack.map(start)));
  const outsider = await network.addPod(outsiderAddress);
  await outsider.startApplication('outside', appPort);
  await cluster.untilCurrent(shopPods.length);
  const reviews = await cluster.kubectl(['get', 'service', 'reviews', '-o', 'jsonpath={.spec.clusterIP}']);
  const pod = (name: string): NetworkPod => {
    const found = pods.get(name);
    if (found === undefined) throw new Error(`the shop has no Pod ${name}`);
    return found;
  };
  return { cluster, reviews, outsider, node: network.node, size: pods.size, pod, prepare };
}
