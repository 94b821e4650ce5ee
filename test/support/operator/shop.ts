// A shop as its users apply it to a cluster, and the Pods and EndpointSlices that Kubernetes' controllers would make.
import { injectedKey } from '../../../operator/values/own-names.ts';

export interface ShopPod {
  readonly name: string;
  /** Also its label `app`, and its service account. */
  readonly app: string;
  readonly version: string;
  readonly address: string;
  /** Its second address, in a cluster with two families. */
  readonly ipv6?: string;
}

export const shopPods: readonly ShopPod[] = [
  { name: 'productpage-v1-0', app: 'productpage', version: 'v1', address: '10.1.0.1' },
  { name: 'reviews-v1-0', app: 'reviews', version: 'v1', address: '10.1.0.2' },
  { name: 'reviews-v2-0', app: 'reviews', version: 'v2', address: '10.1.0.3' },
];

export const appPort = 9080;
export const namespace = 'shop';

export function mesh(spec: object = {}): object {
  return { apiVersion: 'meshwright.dev/v1alpha1', kind: 'Mesh', metadata: { name: 'default' }, spec };
}

/** Namespace, service accounts, Deployments and Services: what the users of the shop write. */
export function shopManifests(pods: readonly ShopPod[]): readonly object[] {
  const apps = [...new Set(pods.map(({ app }) => app))];
  const labels = { 'meshwright.dev/mesh': 'enabled' };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } },
    ...apps.map(serviceAccount),
    ...apps.map(service),
    ...pods.map(deployment),
  ];
}

export function serviceAccount(name: string): object {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } };
}

export function service(app: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: app, namespace },
    spec: { selector: { app }, ports: [{ name: 'http', port: appPort }] },
  };
}

function deployment(pod: ShopPod): object {
  const { app, version } = pod;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `${app}-${version}`, namespace },
    spec: {
      selector: { matchLabels: { app, version } },
      template: { metadata: { labels: { app, version } }, spec: podSpec(pod) },
    },
  };
}

function podSpec({ app }: ShopPod): object {
  const containers = [{ name: 'app', image: app, ports: [{ containerPort: appPort }] }];
  return { serviceAccountName: app, containers };
}

/** As the ReplicaSet controller would make it, of a template with a sidecar. */
export function podManifest(pod: ShopPod): object {
  const { name, app, version } = pod;
  const annotations = { [injectedKey]: 'test' };
  const metadata = { name, namespace, labels: { app, version }, annotations };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: podSpec(pod) };
}

/** As the kubelet would report it, to be applied to the Pod's status. */
export function podStatus({ name, address, ipv6 }: ShopPod, hasSidecar = false): object {
  const podIPs = [address, ...(ipv6 === undefined ? [] : [ipv6])].map((ip) => ({ ip }));
  // It has its init containers, and so its sidecar, running.
  const initialized = {
    type: 'Initialized',
    status: hasSidecar ? 'True' : 'False',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  const status = { phase: 'Running', podIP: address, podIPs, conditions: [initialized] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, status };
}

/** As the EndpointSlice controller would make it. */
export function endpointSlice(app: string, pods: readonly ShopPod[]): object {
  const labels = { 'kubernetes.io/service-name': app };
  const endpoints = pods
    .filter((pod) => pod.app === app)
    .map(({ name, address }) => ({
      addresses: [address],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: 'Pod', namespace, name },
    }));
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${app}-0`, namespace, labels },
    addressType: 'IPv4',
    endpoints,
    ports: [{ name: 'http', port: appPort, protocol: 'TCP' }],
  };
}

export function trafficPolicy(name: string, spec: object): object {
  return {
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'TrafficPolicy',
    metadata: { name, namespace },
    spec,
  };
}

export function securityPolicy(name: string, spec: object): object {
  return {
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'SecurityPolicy',
    metadata: { name, namespace },
    spec,
  };
}

/**
 * reviews, split between its versions.
 * @param port of the Service. Default: all
 */
export function reviewsSplit(v1: number, v2: number, port?: number): object {
  return trafficPolicy('reviews', {
    targetRefs: [{ kind: 'Service', name: 'reviews', port }],
    subsets: ['v1', 'v2'].map((name) => ({ name, matchLabels: { version: name } })),
    routes: [
      {
        name: 'split',
        backends: [
          { subset: 'v1', weight: v1 },
          { subset: 'v2', weight: v2 },
        ],
      },
    ],
  });
}
