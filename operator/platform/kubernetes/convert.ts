// Takes from an API object what the store keeps and drops the rest (managedFields, most of specs and statuses):
// memory of the operator is mostly pods. Entry: convert. Kinds of our own go through admission, not through here.
import { z } from 'zod';
import type { ObjectMeta } from '../../../api/metadata.ts';
import type {
  ConfigMap,
  CronJob,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Namespace,
  Pod,
  ReferenceGrant,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
  StoredKind,
  StoredObject,
} from '../../objects/objects.ts';
import { lastApplied } from './protobuf/stored.ts';
import { Redacted } from '../../values/redacted.ts';

export type ClusterObject =
  | Namespace
  | ServiceAccount
  | Service
  | EndpointSlice
  | Pod
  | Deployment
  | StatefulSet
  | DaemonSet
  | CronJob
  | ReferenceGrant
  | ConfigMap
  | Secret;
export type ClusterKind = ClusterObject['kind'];

const text = z.string().exactOptional();
const texts = z.record(z.string(), z.string());
const annotations = texts.transform((all) =>
  Object.fromEntries(Object.entries(all).filter(([key]) => key !== lastApplied)),
);

const Meta = z.object({
  name: z.string(),
  namespace: text,
  uid: text,
  resourceVersion: text,
  generation: z.number().exactOptional(),
  creationTimestamp: text,
  deletionTimestamp: text,
  labels: texts.exactOptional(),
  annotations: annotations.exactOptional(),
});

const PodMeta = Meta.extend({
  ownerReferences: z
    .array(z.object({ kind: text, name: z.string(), controller: z.boolean().exactOptional() }))
    .exactOptional(),
});

/** Go encodes an empty list as null where the field has no `omitempty`. */
function list<T extends z.ZodType>(
  item: T,
): z.ZodPipe<z.ZodNullable<z.ZodArray<T>>, z.ZodTransform<z.output<T>[], z.output<T>[] | null>> {
  return z
    .array(item)
    .nullable()
    .transform((items) => items ?? []);
}

const port = z.union([z.number(), z.string()]);

const Probe = z.object({
  httpGet: z
    .object({
      path: text,
      port,
      scheme: text,
      host: text,
      httpHeaders: z.array(z.object({ name: z.string(), value: z.string() })).exactOptional(),
    })
    .exactOptional(),
  grpc: z.object({ port: z.number() }).exactOptional(),
  tcpSocket: z.object({ port }).exactOptional(),
  timeoutSeconds: z.int().exactOptional(),
});

const Container = z.object({
  name: z.string(),
  ports: z.array(z.object({ name: text, containerPort: z.number(), protocol: text })).exactOptional(),
  livenessProbe: Probe.exactOptional(),
  readinessProbe: Probe.exactOptional(),
  startupProbe: Probe.exactOptional(),
});

const Selector = z.object({
  matchLabels: texts.exactOptional(),
  matchExpressions: z
    .array(z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).exactOptional() }))
    .exactOptional(),
});

const Template = z.object({
  metadata: z
    .object({ labels: texts.exactOptional(), annotations: annotations.exactOptional() })
    .exactOptional(),
  spec: z.object({ serviceAccountName: text }).exactOptional(),
});

// oxlint-disable-next-line typescript/explicit-function-return-type -- its type is the schema
const workload = <const K extends string>(kind: K) =>
  z.object({
    kind: z.literal(kind),
    metadata: Meta,
    spec: z.object({ selector: Selector, template: Template }),
  });

/** @see https://gateway-api.sigs.k8s.io/reference/spec/#referencegrant */
const ReferenceGrantSpec = z.object({
  from: z.array(z.object({ group: z.string(), kind: z.string(), namespace: z.string() })),
  to: z.array(z.object({ group: z.string(), kind: z.string(), name: text })),
});

const shapes = {
  Namespace: z.object({ kind: z.literal('Namespace'), metadata: Meta }),
  ServiceAccount: z.object({ kind: z.literal('ServiceAccount'), metadata: Meta }),
  Service: z.object({
    kind: z.literal('Service'),
    metadata: Meta,
    spec: z.object({
      type: text,
      clusterIP: text,
      clusterIPs: z.array(z.string()).exactOptional(),
      selector: texts.exactOptional(),
      ports: z
        .array(
          z.object({
            name: text,
            port: z.number(),
            targetPort: port.exactOptional(),
            protocol: text,
            appProtocol: text,
          }),
        )
        .exactOptional(),
      publishNotReadyAddresses: z.boolean().exactOptional(),
    }),
  }),
  EndpointSlice: z.object({
    kind: z.literal('EndpointSlice'),
    metadata: Meta,
    addressType: z.string(),
    endpoints: list(
      z.object({
        addresses: z.array(z.string()),
        conditions: z
          .object({
            ready: z.boolean().exactOptional(),
            serving: z.boolean().exactOptional(),
            terminating: z.boolean().exactOptional(),
          })
          .exactOptional(),
        targetRef: z.object({ kind: text, namespace: text, name: text }).exactOptional(),
        nodeName: text,
        zone: text,
      }),
    ),
    ports: list(
      z.object({ name: text, port: z.number().exactOptional(), protocol: text, appProtocol: text }),
    ).exactOptional(),
  }),
  Pod: z.object({
    kind: z.literal('Pod'),
    metadata: PodMeta,
    spec: z.object({
      serviceAccountName: text,
      nodeName: text,
      hostNetwork: z.boolean().exactOptional(),
      restartPolicy: text,
      containers: z.array(Container),
      initContainers: z.array(Container).exactOptional(),
    }),
    status: z
      .object({
        phase: text,
        podIP: text,
        podIPs: z.array(z.object({ ip: z.string() })).exactOptional(),
        conditions: z.array(z.object({ type: z.string(), status: z.string() })).exactOptional(),
      })
      .exactOptional(),
  }),
  Deployment: workload('Deployment'),
  StatefulSet: workload('StatefulSet'),
  DaemonSet: workload('DaemonSet'),
  CronJob: z.object({
    kind: z.literal('CronJob'),
    metadata: Meta,
    spec: z.object({ jobTemplate: z.object({ spec: z.object({ template: Template }) }) }),
  }),
  ReferenceGrant: z.object({
    kind: z.literal('ReferenceGrant'),
    metadata: Meta,
    spec: ReferenceGrantSpec,
  }),
  ConfigMap: z.object({ kind: z.literal('ConfigMap'), metadata: Meta, data: texts.default({}) }),
  Secret: z.object({
    kind: z.literal('Secret'),
    metadata: Meta,
    data: z
      .record(
        z.string(),
        z.string().transform((base64) => new Redacted(Buffer.from(base64, 'base64').toString('utf8'))),
      )
      .default({}),
  }),
} satisfies { readonly [K in ClusterKind]: z.ZodType<Extract<StoredObject, { kind: K }>> };

export function isClusterKind(kind: StoredKind): kind is ClusterKind {
  return kind in shapes;
}

/** Throws if the object is not of that kind's shape, which no API server of a supported version sends. */
export function convert(kind: ClusterKind, object: unknown): ClusterObject {
  return shapes[kind].parse(object);
}

export function convertPod(object: unknown): Pod {
  return shapes.Pod.parse(object);
}

/** The metadata of any object, pruned. */
export function convertMeta(metadata: unknown): ObjectMeta {
  return Meta.parse(metadata);
}
