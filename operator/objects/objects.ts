// The objects translation reads, as structural subsets of their Kubernetes types: the files platform takes
// the same YAML a cluster would. Only fields that something reads are here; platforms drop the rest.
import type { ObjectMeta } from '../../api/metadata.ts';
import type { ExternalWorkload } from '../../api/v1alpha1/external-workload.ts';
import type { Mesh } from '../../api/v1alpha1/mesh.ts';
import type { SecurityPolicy } from '../../api/v1alpha1/security/policy.ts';
import type { TrafficPolicy } from '../../api/v1alpha1/traffic/policy.ts';

export interface Namespace {
  readonly kind: 'Namespace';
  readonly metadata: ObjectMeta;
}

export interface ServiceAccount {
  readonly kind: 'ServiceAccount';
  readonly metadata: ObjectMeta;
}

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  /** A number, or the name of a container port. Default: port. */
  readonly targetPort?: number | string;
  /** TCP (default), UDP, SCTP. */
  readonly protocol?: string;
  readonly appProtocol?: string;
}

/** @see https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/ */
export interface Service {
  readonly kind: 'Service';
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly type?: string;
    /** `None` for headless services. */
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly ServicePort[];
    readonly publishNotReadyAddresses?: boolean;
  };
}

export interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions?: {
    readonly ready?: boolean;
    readonly serving?: boolean;
    readonly terminating?: boolean;
  };
  readonly targetRef?: { readonly kind?: string; readonly namespace?: string; readonly name?: string };
  readonly nodeName?: string;
  readonly zone?: string;
}

/** @see https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/ */
export interface EndpointSlice {
  readonly kind: 'EndpointSlice';
  readonly metadata: ObjectMeta;
  readonly addressType: string;
  readonly endpoints: readonly Endpoint[];
  readonly ports?: readonly {
    readonly name?: string;
    readonly port?: number;
    readonly protocol?: string;
    readonly appProtocol?: string;
  }[];
}

export interface Container {
  readonly name: string;
  readonly ports?: readonly {
    readonly name?: string;
    readonly containerPort: number;
    readonly protocol?: string;
  }[];
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly startupProbe?: Probe;
}

/** One handler at most. @see https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/ */
export interface Probe {
  readonly httpGet?: {
    readonly path?: string;
    /** A number, or the name of a port of the container. */
    readonly port: number | string;
    readonly scheme?: string;
    /** Default: the address of the pod. */
    readonly host?: string;
    readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
  };
  readonly grpc?: { readonly port: number };
  readonly tcpSocket?: { readonly port: number | string };
  /** Default 1. */
  readonly timeoutSeconds?: number;
}

export interface Pod {
  readonly kind: 'Pod';
  readonly metadata: ObjectMeta & { readonly ownerReferences?: readonly Owner[] };
  readonly spec: {
    readonly serviceAccountName?: string;
    readonly nodeName?: string;
    readonly hostNetwork?: boolean;
    /** Absent: Always. */
    readonly restartPolicy?: string;
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export interface Owner {
  readonly kind?: string;
  readonly name: string;
  /** It made the pod, and makes another one when it goes. */
  readonly controller?: boolean;
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** As far as it concerns the mesh. What is needed to change one is read anew, with WorkloadPort. */
export interface PodTemplate {
  readonly metadata?: Pick<ObjectMeta, 'labels' | 'annotations'>;
  readonly spec?: { readonly serviceAccountName?: string };
}

export interface Deployment {
  readonly kind: 'Deployment';
  readonly metadata: ObjectMeta;
  readonly spec: { readonly selector: LabelSelector; readonly template: PodTemplate };
}

export interface StatefulSet {
  readonly kind: 'StatefulSet';
  readonly metadata: ObjectMeta;
  readonly spec: { readonly selector: LabelSelector; readonly template: PodTemplate };
}

export interface DaemonSet {
  readonly kind: 'DaemonSet';
  readonly metadata: ObjectMeta;
  readonly spec: { readonly selector: LabelSelector; readonly template: PodTemplate };
}

export interface CronJob {
  readonly kind: 'CronJob';
  readonly metadata: ObjectMeta;
  readonly spec: { readonly jobTemplate: { readonly spec: { readonly template: PodTemplate } } };
}

/** Of the Gateway API: who may refer to what in its namespace. @see https://gateway-api.sigs.k8s.io/api-types/referencegrant/ */
export interface ReferenceGrant {
  readonly kind: 'ReferenceGrant';
  readonly metadata: ObjectMeta;
  readonly spec: {
    /** Any of these. */
    readonly from: readonly { readonly group: string; readonly kind: string; readonly namespace: string }[];
    /** Any of these; without a name: all of the kind. group '': of the core API. */
    readonly to: readonly { readonly group: string; readonly kind: string; readonly name?: string }[];
  };
}

/** The operator's own: key sets that it has fetched. @see https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/config-map-v1/ */
export interface ConfigMap {
  readonly kind: 'ConfigMap';
  readonly metadata: ObjectMeta;
  readonly data: Readonly<Record<string, string>>;
}

/** What must not be printed. */
export interface HiddenText {
  reveal(): string;
}

/** With secrets of clients at OpenID providers. @see https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/ */
export interface Secret {
  readonly kind: 'Secret';
  readonly metadata: ObjectMeta;
  /** Decoded from base64. */
  readonly data: Readonly<Record<string, HiddenText>>;
}

export type StoredObject =
  | Mesh
  | TrafficPolicy
  | SecurityPolicy
  | ExternalWorkload
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

export type StoredKind = StoredObject['kind'];

/** Kind, namespace and name: what identifies an object on a platform. namespace is '' for cluster-scoped kinds. */
export interface ObjectRef {
  readonly kind: StoredKind;
  readonly namespace: string;
  readonly name: string;
}

/** `TrafficPolicy/shop/reviews`, `Mesh//default`. */
export function refKey(ref: ObjectRef): string {
  return `${ref.kind}/${ref.namespace}/${ref.name}`;
}

export function refOf(object: StoredObject): ObjectRef {
  return { kind: object.kind, namespace: object.metadata.namespace ?? '', name: object.metadata.name };
}
