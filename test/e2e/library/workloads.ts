// Objects of the tests' own workloads: programs of test/e2e/programs in pods, from a ConfigMap, so that no image has to
// be built for them. Entries: programs, workload, service.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeImageName } from '../../../deploy/image-contents.ts';

const folder = join(import.meta.dirname, '../programs');

/** A namespace with the programs in it. */
export function namespaceWithPrograms(name: string, labels: Readonly<Record<string, string>> = {}): object[] {
  const data = Object.fromEntries(
    readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]),
  );
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'programs', namespace: name }, data },
  ];
}

export interface WorkloadOptions {
  readonly namespace: string;
  readonly name: string;
  /** Of test/e2e/programs, with its arguments. */
  readonly run: readonly string[];
  /** Default Deployment. */
  readonly kind?: 'Deployment' | 'StatefulSet' | 'DaemonSet';
  readonly replicas?: number;
  readonly ports?: Readonly<Record<string, number>>;
  /** Fields of the container. */
  readonly container?: object;
  /** Fields of the pod. */
  readonly pod?: object;
  /** Fields of the workload's spec. */
  readonly spec?: object;
  /** Of the pod template. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** With a service account of its own, which is its identity. */
export function workload(options: WorkloadOptions): object[] {
  const { namespace, name, kind = 'Deployment', replicas = 1, spec = {}, labels = {} } = options;
  const selector = { matchLabels: { app: name } };
  const template = { metadata: { labels: { app: name, ...labels } }, spec: podSpec(options) };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
    {
      apiVersion: 'apps/v1',
      kind,
      metadata: { name, namespace },
      spec: {
        ...(kind === 'DaemonSet' ? {} : { replicas }),
        ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
        selector,
        template,
        ...spec,
      },
    },
  ];
}

export function podSpec(options: Omit<WorkloadOptions, 'kind'>): object {
  const { name, run, ports = {}, container = {}, pod = {} } = options;
  const [program = '', ...args] = run;
  return {
    serviceAccountName: name,
    containers: [
      {
        name: 'app',
        image: nodeImageName,
        command: ['node', `/programs/${program}.ts`, ...args],
        ports: Object.entries(ports).map(([portName, containerPort]) => ({ name: portName, containerPort })),
        volumeMounts: [{ name: 'programs', mountPath: '/programs' }],
        ...container,
      },
    ],
    volumes: [{ name: 'programs', configMap: { name: 'programs' } }],
    ...pod,
  };
}

export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly appProtocol?: string;
  readonly protocol?: string;
}

/** Of the pods with the label app=<name>, unless `spec` says otherwise. */
export function service(
  namespace: string,
  name: string,
  ports: readonly ServicePort[],
  spec: object = { selector: { app: name } },
): object {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec: { ports, ...spec } };
}

export const meshed = { 'meshwright.dev/mesh': 'enabled' };

/** Its sidecars ask for little, so that a small node takes all pods of the tests. */
export function mesh(): object {
  const resources = { requests: { cpu: '10m', memory: '64Mi' } };
  const spec = { sidecar: { resources } };
  return { apiVersion: 'meshwright.dev/v1alpha1', kind: 'Mesh', metadata: { name: 'default' }, spec };
}

/** Of programs/server.ts. On a busy machine an answer may take seconds, and a pod that is busy must not count as one that is gone. */
export const serverReadiness = {
  readinessProbe: { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 1, timeoutSeconds: 10 },
};

/** HTTP/1.1, HTTP/2 and TCP, as programs/server.ts serves them. */
export const serverPorts: readonly ServicePort[] = [
  { name: 'http', port: 8080, appProtocol: 'http' },
  { name: 'http2', port: 8081, appProtocol: 'kubernetes.io/h2c' },
  { name: 'tcp', port: 9000, appProtocol: 'tcp' },
];
