// Objects for tests: from YAML as kubectl takes it, or built with sane defaults; and Resources made of them by the
// real store.
import { parseAllDocuments } from 'yaml';
import { type z } from 'zod';
import { ExternalWorkloadSpec } from '../../api/v1alpha1/external-workload.ts';
import { MeshSpec } from '../../api/v1alpha1/mesh.ts';
import { SecurityPolicySpec } from '../../api/v1alpha1/security/policy.ts';
import { TrafficPolicySpec } from '../../api/v1alpha1/traffic/policy.ts';
import type { ObjectMeta } from '../../api/metadata.ts';
import type { EndpointSlice, Pod, Service, StoredObject } from '../../operator/objects/objects.ts';
import type { ObjectSink } from '../../operator/ports/platform.ts';
import type { Resources } from '../../operator/store/resources.ts';
import { createStore } from '../../operator/store/store.ts';
import { rememberEach } from '../../operator/values/remember.ts';
import { Redacted } from '../../operator/values/redacted.ts';
import { FakeClock } from './fake-clock.ts';

const specs: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ['Mesh', MeshSpec],
  ['TrafficPolicy', TrafficPolicySpec],
  ['SecurityPolicy', SecurityPolicySpec],
  ['ExternalWorkload', ExternalWorkloadSpec],
]);
const kinds: ReadonlySet<unknown> = new Set<StoredObject['kind']>([
  'Mesh',
  'TrafficPolicy',
  'SecurityPolicy',
  'ExternalWorkload',
  'Namespace',
  'ServiceAccount',
  'Service',
  'EndpointSlice',
  'Pod',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'CronJob',
  'ReferenceGrant',
  'ConfigMap',
  'Secret',
]);
/** For translate. */
export const translateOptions = { operatorNamespace: 'meshwright-system' } as const;

const clusterScoped = new Set(['Mesh', 'Namespace']);

/** Resources of YAML documents, applied in their order: a second version of an object replaces the first. */
export function resourcesFromYaml(text: string): Resources {
  return resourcesOfDocuments(text.split(/^---(?=\s)/m).flatMap((part) => documentsIn(part)));
}

/** Of what many meshes have in common each document is parsed once. */
function documentsIn(text: string): readonly unknown[] {
  const known = parsed.get(text) ?? parseAllDocuments(text).map((document): unknown => document.toJS());
  parsed.set(text, known);
  return known;
}

const parsed = new Map<string, readonly unknown[]>();

/** The same, of documents as parsed. */
export function resourcesOfDocuments(documents: readonly unknown[]): Resources {
  return settled((sink) => {
    for (const object of documents) if (object !== null) apply(storedObject(object), sink);
  });
}

/** Vouches for a value that the type system cannot know: of a kind there is, with a name. Throws on others. */
export function storedObject(value: unknown): StoredObject {
  if (!isStoredObject(value)) throw new Error(`not an object the store takes: ${JSON.stringify(value)}`);
  return value;
}

function isStoredObject(value: unknown): value is StoredObject {
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('metadata' in value))
    return false;
  const { kind, metadata } = value;
  const isNamed = typeof metadata === 'object' && metadata !== null && 'name' in metadata;
  return isNamed && kinds.has(kind);
}

/** Resources of objects. */
export function resourcesOf(...objects: readonly StoredObject[]): Resources {
  return settled((sink) => {
    for (const object of objects) sink.upsert(object);
  });
}

function settled(fill: (sink: ObjectSink) => void): Resources {
  const clock = new FakeClock();
  const batches: Resources[] = [];
  const store = createStore({ clock, onSettled: (resources) => batches.push(resources) });
  fill(store);
  store.synced();
  clock.advance(0);
  store.close();
  const [resources] = batches;
  if (resources === undefined) throw new Error('the store did not settle');
  return resources;
}

/** As an API server does it: defaults filled in; a spec that fails its schema is a rejection. */
function apply(written: StoredObject, sink: ObjectSink): void {
  admitted(written)(sink);
}

/** Of a document that many meshes have in common the schema is asked once. */
const admitted = rememberEach((written: StoredObject): ((sink: ObjectSink) => void) => {
  const metadata = serverMetadata(written);
  if (written.kind === 'Secret') {
    const object = { ...written, metadata, data: hidden(written) };
    return (sink) => sink.upsert(object);
  }
  const schema = specs.get(written.kind);
  if (schema === undefined) {
    const object = { ...written, metadata };
    return (sink) => sink.upsert(object);
  }
  const spec = schema.safeParse('spec' in written ? written.spec : {});
  if (spec.success) {
    const object = storedObject({ ...written, metadata, spec: spec.data });
    return (sink) => sink.upsert(object);
  }
  const problems = spec.error.issues.map(({ path, message }) => `spec.${path.join('.')}: ${message}`);
  const ref = { kind: written.kind, namespace: metadata.namespace ?? '', name: metadata.name };
  return (sink) => sink.reject(ref, metadata.generation ?? 0, problems);
});

/** As written: in stringData. */
function hidden(secret: object): Readonly<Record<string, Redacted<string>>> {
  const texts = 'stringData' in secret ? (secret.stringData as Readonly<Record<string, string>>) : {};
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, new Redacted(text)]));
}

function serverMetadata({ kind, metadata }: StoredObject): ObjectMeta {
  const namespace = clusterScoped.has(kind) ? {} : { namespace: 'default' };
  return { ...namespace, uid: `uid-${metadata.name}`, generation: 1, ...metadata };
}

/** A Service with a virtual IP that selects `app: <name>`. */
export function service(name: string, overrides: Partial<Service['spec']> = {}): Service {
  const spec = { clusterIP: '10.96.0.10', selector: { app: name }, ports: [{ port: 9080, name: 'http' }] };
  return { kind: 'Service', metadata: { name, namespace: 'shop' }, spec: { ...spec, ...overrides } };
}

/** A running Pod of the mesh, labelled `app: <app>`. */
export function meshedPod(name: string, app: string, address: string): Pod {
  return {
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      uid: `uid-${name}`,
      labels: { app },
      annotations: { 'meshwright.dev/injected': '1' },
    },
    spec: { serviceAccountName: app, containers: [{ name: 'app', ports: [{ containerPort: 9080 }] }] },
    status: { phase: 'Running', podIP: address },
  };
}

/** The slice of a Service with a ready endpoint for each Pod. */
export function slice(serviceName: string, ...pods: readonly Pod[]): EndpointSlice {
  return {
    kind: 'EndpointSlice',
    metadata: {
      name: `${serviceName}-1`,
      namespace: 'shop',
      labels: { 'kubernetes.io/service-name': serviceName },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 9080, protocol: 'TCP' }],
    endpoints: pods.map(({ metadata, status }) => ({
      addresses: [status?.podIP ?? ''],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: 'Pod', namespace: 'shop', name: metadata.name },
    })),
  };
}
