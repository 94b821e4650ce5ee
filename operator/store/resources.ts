// Resources: everything translation reads, frozen and sorted by namespace and name. One value per settled batch.
import type { ExternalWorkload } from '../../api/v1alpha1/external-workload.ts';
import type { Mesh } from '../../api/v1alpha1/mesh.ts';
import type { SecurityPolicy } from '../../api/v1alpha1/security/policy.ts';
import type { TrafficPolicy } from '../../api/v1alpha1/traffic/policy.ts';
import type {
  ConfigMap,
  CronJob,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Namespace,
  ObjectRef,
  Pod,
  ReferenceGrant,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
} from '../objects/objects.ts';

/** A version of one of our objects that failed its schema; the last valid version, if any, stays in force. */
export interface Rejection {
  readonly ref: ObjectRef;
  /** The metadata.generation that was refused. */
  readonly generation: number;
  /** Full sentences, one per violation, each naming the field and what to do. */
  readonly problems: readonly string[];
  /** Whether an earlier, valid version of the object is among the resources, or what stands in for it. */
  readonly lastGoodInForce: boolean;
  /** What is in force in its place, if that is not its last valid version; a full sentence. */
  readonly instead?: string;
}

export interface Resources {
  /** Counts settled batches, from 1. */
  readonly generation: number;
  readonly meshes: readonly Mesh[];
  readonly trafficPolicies: readonly TrafficPolicy[];
  readonly securityPolicies: readonly SecurityPolicy[];
  readonly externalWorkloads: readonly ExternalWorkload[];
  readonly namespaces: readonly Namespace[];
  readonly serviceAccounts: readonly ServiceAccount[];
  readonly services: readonly Service[];
  readonly endpointSlices: readonly EndpointSlice[];
  readonly pods: readonly Pod[];
  readonly deployments: readonly Deployment[];
  readonly statefulSets: readonly StatefulSet[];
  readonly daemonSets: readonly DaemonSet[];
  readonly cronJobs: readonly CronJob[];
  readonly referenceGrants: readonly ReferenceGrant[];
  /** The operator's own, with key sets of issuers. */
  readonly configMaps: readonly ConfigMap[];
  /** With secrets of clients at OpenID providers; no others. */
  readonly secrets: readonly Secret[];
  readonly rejections: readonly Rejection[];
}
