// What translation has handed to the reconciler, as it looks at it: which workloads there are, and which concern it.
// Pure.
import type { Delivery } from '../certificates/delivery.ts';
import { fingerprint } from '../values/fingerprint.ts';
import { injectedKey } from '../values/own-names.ts';
import { isSameValue } from '../values/same-value.ts';
import type { MeshSettingsIr } from '../ir/mesh-ir.ts';
import type { WorkloadRef } from '../ports/workload-port.ts';
import {
  type CronJob,
  type DaemonSet,
  type Deployment,
  type PodTemplate,
  refKey,
  type StatefulSet,
} from '../objects/objects.ts';
import type { Resources } from '../store/resources.ts';
import { evicts, podsByOwner, type PodsByOwner } from './other-pods/owners.ts';
import { isSamePods, type PodsByWorkload, podsByWorkload } from './pods.ts';
import { type InjectionWay, isSelected } from './workload/desired.ts';
import type { Environment } from './workload/environment.ts';

type Workload = Deployment | StatefulSet | DaemonSet | CronJob;

export interface Known {
  readonly ref: WorkloadRef;
  /** The same value for as long as nothing of it changed. */
  readonly object: Workload;
}

export interface Input {
  readonly mesh: MeshSettingsIr | null;
  readonly meshFingerprint: string;
  /** null: not known yet, and no workload is touched. */
  readonly delivery: Delivery | null;
  /** null: not known yet, and no workload is touched. */
  readonly way: InjectionWay | null;
  readonly pods: PodsByWorkload;
  /** Of controllers that are no workloads of ours. */
  readonly owners: PodsByOwner;
  /** There is a Mesh, but of a version that is not valid: what is injected stays as it is. */
  readonly isUncertain: boolean;
  readonly resources: Resources;
  readonly namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** By key. */
  readonly workloads: ReadonlyMap<string, Known>;
}

/** mesh: the one in force; null: there is none. */
export interface Settled extends Pick<Input, 'mesh' | 'delivery' | 'way'> {
  readonly resources: Resources;
}

export function describeInput({ resources, mesh, delivery, way }: Settled): Input {
  const { namespaces } = resources;
  const objects: readonly Workload[] = [
    ...resources.deployments,
    ...resources.statefulSets,
    ...resources.daemonSets,
    ...resources.cronJobs,
  ];
  const workloads = objects.map((object): [string, Known] => {
    const { kind, metadata } = object;
    const ref = { kind, namespace: metadata.namespace ?? '', name: metadata.name };
    return [refKey(ref), { ref, object }];
  });
  const byKey = new Map(workloads);
  return {
    mesh,
    meshFingerprint: fingerprint(mesh),
    delivery,
    way,
    pods: podsByWorkload(resources.pods),
    owners: podsByOwner(resources.pods, (key) => byKey.has(key)),
    isUncertain: isUncertain(resources, mesh),
    resources,
    namespaceLabels: new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}])),
    workloads: byKey,
  };
}

/** There is a Mesh, but of a version that is not valid: what is injected stays as it is. */
export function isUncertain(resources: Resources, mesh: MeshSettingsIr | null): boolean {
  return mesh === null && resources.rejections.some(({ ref }) => ref.kind === 'Mesh');
}

/** Keys, sorted: of selected namespaces, with signs of our part, or reported before; all other owners of pods if these may be evicted. */
export function relevantKeys(
  input: Input,
  environment: Environment,
  isReported: (key: string) => boolean,
): readonly string[] {
  const { mesh, namespaceLabels } = input;
  const keys = [...input.workloads].flatMap(([key, { ref, object }]) => {
    const labels = namespaceLabels.get(ref.namespace) ?? {};
    const concerns =
      isMarked(object) ||
      input.pods.get(key)?.some(({ isByPolicy }) => isByPolicy) === true ||
      isReported(key) ||
      isSelected(ref.namespace, { mesh, environment, namespaceLabels: labels });
    return concerns ? [key] : [];
  });
  const owners = [...input.owners.keys()].filter((key) => evicts(input) || isReported(key));
  return [...keys, ...owners].toSorted();
}

/** Of those keys, the ones to reconcile again. */
export function changedKeys(
  keys: readonly string[],
  previous: Input | undefined,
  next: Input,
): readonly string[] {
  const isAllNew =
    previous === undefined ||
    previous.meshFingerprint !== next.meshFingerprint ||
    previous.isUncertain !== next.isUncertain ||
    previous.delivery?.inUse !== next.delivery?.inUse ||
    !isSameValue(previous.way, next.way) ||
    previous.resources.namespaces !== next.resources.namespaces;
  if (isAllNew) return keys;
  return keys.filter(
    (key) =>
      previous.workloads.get(key)?.object !== next.workloads.get(key)?.object ||
      !isSamePods(previous.pods.get(key), next.pods.get(key)) ||
      !isSameValue(previous.owners.get(key), next.owners.get(key)),
  );
}

/** It shows signs of our part, as far as the store keeps them. */
function isMarked(object: Workload): boolean {
  const template: PodTemplate =
    object.kind === 'CronJob' ? object.spec.jobTemplate.spec.template : object.spec.template;
  const marks = [object.metadata.labels, template.metadata?.annotations];
  return marks.some((mark) => mark?.[injectedKey] !== undefined);
}
