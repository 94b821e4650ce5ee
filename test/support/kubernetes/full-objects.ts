// Objects of Kubernetes' own kinds, in namespace shop, with every field that the operator reads, and with those that mean something
// although they are false, 0 or empty.

const meta = (name: string): object => ({
  name,
  namespace: 'shop',
  labels: { app: name, 'app.kubernetes.io/part-of': 'shop', empty: '' },
  annotations: { owner: 'Müller ✓', long: 'x'.repeat(1500), empty: '' },
});

const probes = {
  livenessProbe: {
    httpGet: {
      path: '/healthz',
      port: 'http',
      scheme: 'HTTPS',
      host: '10.0.0.9',
      httpHeaders: [
        { name: 'x-a', value: '' },
        { name: 'x-b', value: 'b' },
      ],
    },
    timeoutSeconds: 7,
  },
  readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 3 },
  startupProbe: { grpc: { port: 9090, service: 'health' } },
};

const containers = [
  {
    name: 'app',
    image: 'app',
    ports: [
      { name: 'http', containerPort: 8080 },
      { containerPort: 53, protocol: 'UDP' },
    ],
    ...probes,
  },
  { name: 'second', image: 'second', livenessProbe: { exec: { command: ['true'] } } },
];

const template = (name: string): object => ({
  metadata: { labels: { app: name }, annotations: { note: 'a' } },
  spec: { serviceAccountName: 'reviews', restartPolicy: 'Always', containers },
});

const selector = (name: string): object => ({
  matchLabels: { app: name },
  matchExpressions: [
    { key: 'app', operator: 'In', values: [name, 'other'] },
    { key: 'app', operator: 'Exists' },
  ],
});

const job = { spec: { template: { spec: { containers, restartPolicy: 'Never' } } } };
const slice = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' };
const service = { apiVersion: 'v1', kind: 'Service' };

export const fullObjects: readonly object[] = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta('reviews') },
  {
    ...service,
    metadata: meta('full'),
    spec: {
      type: 'LoadBalancer',
      selector: { app: 'full', tier: '' },
      publishNotReadyAddresses: true,
      ports: [
        { name: 'http', port: 80, targetPort: 'http', appProtocol: 'kubernetes.io/h2c' },
        { name: 'dns', port: 53, targetPort: 5353, protocol: 'UDP' },
      ],
    },
  },
  { ...service, metadata: meta('headless'), spec: { clusterIP: 'None' } },
  { ...service, metadata: meta('external'), spec: { type: 'ExternalName', externalName: 'a.example' } },
  {
    ...slice,
    metadata: meta('full'),
    addressType: 'IPv4',
    endpoints: [
      {
        addresses: ['10.0.0.1'],
        conditions: { ready: false, serving: true, terminating: false },
        targetRef: { kind: 'Pod', namespace: 'shop', name: 'full' },
        nodeName: 'node-1',
        zone: 'a',
      },
      { addresses: ['10.0.0.2'] },
    ],
    ports: [{ name: 'http', port: 8080, appProtocol: 'http' }, { name: '' }],
  },
  { ...slice, metadata: meta('empty'), addressType: 'IPv6', endpoints: [] },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta('full'),
    spec: {
      serviceAccountName: 'reviews',
      nodeName: 'node-1',
      hostNetwork: true,
      containers: [{ name: 'app', image: 'app', ...probes, ports: [{ name: 'http', containerPort: 8080 }] }],
      initContainers: [{ name: 'init', image: 'init', restartPolicy: 'Always' }],
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...meta('going'), finalizers: ['shop.example/wait'] },
    spec: { serviceAccountName: 'reviews', containers },
  },
  ...['Deployment', 'StatefulSet', 'DaemonSet'].map((kind) => ({
    apiVersion: 'apps/v1',
    kind,
    metadata: meta('full'),
    spec: {
      selector: selector('full'),
      template: template('full'),
      ...(kind === 'StatefulSet' && { serviceName: 'full' }),
    },
  })),
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: meta('full'),
    spec: { schedule: '* * * * *', jobTemplate: job },
  },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta('full'), data: { a: '1', empty: '' } },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta('empty') },
];

export const fullStatus = {
  phase: 'Running',
  conditions: [
    { type: 'Ready', status: 'False', reason: 'Because', lastTransitionTime: '2026-01-02T03:04:05Z' },
    { type: 'PodScheduled', status: 'True' },
  ],
  podIP: '10.0.0.1',
  podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }],
};
