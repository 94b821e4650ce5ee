// A mesh of M HTTP services with E endpoints each, every endpoint a meshed pod, as the store takes it.
import type { Mesh } from '../../api/v1alpha1/mesh.ts';
import { MeshSpec } from '../../api/v1alpha1/mesh.ts';
import { TrafficPolicySpec, type TrafficPolicy } from '../../api/v1alpha1/traffic/policy.ts';
import type { EndpointSlice, Pod, Service } from '../../operator/objects/objects.ts';
import { injectedKey } from '../../operator/values/own-names.ts';
import type { Size } from './protocol.ts';

export const namespaces = 10;

export const mesh: Mesh = {
  apiVersion: 'meshwright.dev/v1alpha1',
  kind: 'Mesh',
  metadata: { name: 'default', uid: 'mesh', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: MeshSpec.parse({}),
};

export function namespaceOf(index: number): string {
  return `team-${index % namespaces}`;
}

export function serviceName(index: number): string {
  return `svc-${index}`;
}

function metadata(index: number, name: string, version: number): Service['metadata'] {
  return {
    name,
    namespace: namespaceOf(index),
    uid: name,
    generation: 1,
    resourceVersion: String(version),
    creationTimestamp: '2026-01-01T00:00:00Z',
  };
}

export function service(index: number): Service {
  return {
    kind: 'Service',
    metadata: metadata(index, serviceName(index), 1),
    spec: {
      clusterIP: address(96, index),
      selector: { app: serviceName(index) },
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
    },
  };
}

export function podName(index: number, endpoint: number): string {
  return `${serviceName(index)}-${endpoint}`;
}

/** Which pod a proxy is of. More proxies than pods: pods have several. */
export function placeOf(
  proxy: number,
  { services, endpoints }: Size,
): { readonly service: number; readonly endpoint: number } {
  return { service: Math.floor(proxy / endpoints) % services, endpoint: proxy % endpoints };
}

/** These, the first ones, have all the proxies. */
export function servicesWithProxies({ proxies, services, endpoints }: Size): number {
  return Math.min(services, Math.ceil(proxies / endpoints));
}

export function pod(index: number, endpoint: number, endpointsPerService: number): Pod {
  const ip = address(128, index * endpointsPerService + endpoint);
  return {
    kind: 'Pod',
    metadata: {
      ...metadata(index, podName(index, endpoint), 1),
      labels: { app: serviceName(index), version: endpoint % 2 === 0 ? 'v1' : 'v2' },
      annotations: { [injectedKey]: 'yes' },
    },
    spec: { serviceAccountName: serviceName(index), containers: [{ name: 'app' }] },
    status: {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
}

/** `unready`: an endpoint that is left out; `version` counts the changes of the slice. */
export function slice(
  index: number,
  endpoints: number,
  change: { unready: number; version: number },
): EndpointSlice {
  return {
    kind: 'EndpointSlice',
    metadata: {
      ...metadata(index, `${serviceName(index)}-slice`, change.version),
      labels: { 'kubernetes.io/service-name': serviceName(index) },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: Array.from({ length: endpoints }, (_, endpoint) => ({
      addresses: [address(128, index * endpoints + endpoint)],
      conditions: { ready: endpoint !== change.unready },
      targetRef: { kind: 'Pod', namespace: namespaceOf(index), name: podName(index, endpoint) },
    })),
  };
}

/** isTypical: what a service in production has; else a timeout alone. */
export function trafficPolicy(index: number, generation: number, isTypical: boolean): TrafficPolicy {
  const timeout = { request: `${1 + (generation % 50)}s` };
  return {
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'TrafficPolicy',
    metadata: { ...metadata(index, serviceName(index), generation), generation },
    spec: TrafficPolicySpec.parse({
      targetRefs: [{ kind: 'Service', name: serviceName(index) }],
      ...(isTypical ? { timeout, ...typical } : { routes: [{ timeout }] }),
    }),
  };
}

const typical = {
  retry: { attempts: 2, retryOn: ['ConnectFailure', 'GatewayError'] },
  outlierDetection: { consecutive5xx: 5 },
  subsets: [
    { name: 'v1', matchLabels: { version: 'v1' } },
    { name: 'v2', matchLabels: { version: 'v2' } },
  ],
  routes: [
    {
      name: 'testers',
      matches: [
        { headers: [{ name: 'x-group', value: 'test' }] },
        { queryParameters: [{ name: 'preview', type: 'Present' }] },
      ],
      backends: [{ subset: 'v2' }],
    },
    {
      backends: [
        { subset: 'v1', weight: 90 },
        { subset: 'v2', weight: 10 },
      ],
      requestHeaders: { set: [{ name: 'x-tier', value: 'web' }] },
    },
  ],
};

function address(first: number, index: number): string {
  return `10.${first + Math.floor(index / 65_536)}.${Math.floor(index / 256) % 256}.${index % 256}`;
}
