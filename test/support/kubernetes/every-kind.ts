// Objects of namespace shop as a user applies them.

export const service = (name: string, port: number): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec: { selector: { app: name }, ports: [{ name: 'http', port }] },
});

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'reviews-1', namespace: 'shop', labels: { app: 'reviews' } },
  spec: {
    serviceAccountName: 'reviews',
    containers: [{ name: 'app', image: 'reviews', ports: [{ containerPort: 9080 }] }],
  },
};

/** One object of every kind that is watched, but the namespace. */
export const everyKind: readonly object[] = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'reviews', namespace: 'shop' } },
  service('reviews', 9080),
  pod,
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'reviews-a', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'reviews' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true }, zone: 'a' }],
    ports: [{ name: 'http', port: 9080 }],
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'reviews', namespace: 'shop' },
    spec: {
      selector: { matchLabels: { app: 'reviews' } },
      template: {
        metadata: { labels: { app: 'reviews' } },
        spec: { serviceAccountName: 'reviews', containers: [{ name: 'app', image: 'reviews' }] },
      },
    },
  },
  { apiVersion: 'meshwright.dev/v1alpha1', kind: 'Mesh', metadata: { name: 'default' }, spec: {} },
  {
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'TrafficPolicy',
    metadata: { name: 'reviews', namespace: 'shop' },
    spec: {
      targetRefs: [{ kind: 'Service', name: 'reviews' }],
      routes: [{ name: 'all', timeout: { request: '3s' } }],
    },
  },
  {
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'SecurityPolicy',
    metadata: { name: 'reviews', namespace: 'shop' },
    spec: { targetRefs: [{ kind: 'Service', name: 'reviews' }], mtls: { mode: 'Strict' } },
  },
  {
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'ExternalWorkload',
    metadata: { name: 'vm-1', namespace: 'shop', labels: { app: 'reviews' } },
    spec: { address: '192.0.2.7', ports: [{ name: 'http', port: 9080 }], serviceAccount: 'reviews' },
  },
];
