// The pods of workloads, as far as it concerns their sidecars. Entry: podsByWorkload. Pure.
import { type Owner, type Pod, refKey } from '../objects/objects.ts';
import type { WorkloadRef } from '../ports/workload-port.ts';
import { injectedKey, optOutLabel, restartedKey, revisionLabel } from '../values/own-names.ts';
import { rememberEach } from '../values/remember.ts';
import { isSameValue } from '../values/same-value.ts';

export interface PodFacts {
  /** The API server added its sidecar; false as well where the template did, or where it has none. */
  readonly isByPolicy: boolean;
  /** Of the settings that its sidecar was made by; undefined: it has none, or one of an operator without revisions. */
  readonly revision: string | undefined;
  /** The annotation and the label of the template that it was made from. */
  readonly restarted: string | undefined;
  readonly optOut: string | undefined;
}

export type PodsByWorkload = ReadonlyMap<string, readonly PodFacts[]>;

interface PlacedPod {
  readonly workload: WorkloadRef;
  readonly key: string;
  readonly facts: PodFacts;
}

/** Key of a workload (`Deployment/shop/reviews`) → those of its pods that are there to stay. */
export function podsByWorkload(pods: readonly Pod[]): PodsByWorkload {
  const byWorkload = new Map<string, PodFacts[]>();
  for (const pod of pods) {
    const placed = placedOf(pod);
    if (placed === null) continue;
    const others = byWorkload.get(placed.key);
    if (others === undefined) byWorkload.set(placed.key, [placed.facts]);
    else others.push(placed.facts);
  }
  return byWorkload;
}

/** Whether what matters of the pods of a workload is the same, and how many there are of each kind. */
export function isSamePods(some: readonly PodFacts[] = [], others: readonly PodFacts[] = []): boolean {
  return some.length === others.length && isSameValue(countsOf(some), countsOf(others));
}

function countsOf(pods: readonly PodFacts[]): object {
  const kinds = Map.groupBy(pods, ({ isByPolicy, revision, restarted, optOut }) =>
    JSON.stringify([isByPolicy, revision, restarted, optOut]),
  );
  return Object.fromEntries([...kinds].map(([kind, { length }]) => [kind, length]));
}

/** Whether it is running, or is about to. */
export function isThereToStay({ metadata, status }: Pod): boolean {
  const hasEnded = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return metadata.deletionTimestamp === undefined && !hasEnded;
}

/** null: no workload whose template we know makes it anew, or it is about to go. */
export const placedOf = rememberEach((pod: Pod): PlacedPod | null => {
  const { namespace = '', labels = {} } = pod.metadata;
  const controller = controllerOf(pod);
  if (controller === undefined || !isThereToStay(pod)) return null;
  const owner = workloadBehind(controller, labels['pod-template-hash']);
  if (owner === undefined) return null;
  const workload = { ...owner, namespace };
  return { workload, key: refKey(workload), facts: factsOf(pod) };
});

export function controllerOf({ metadata: { ownerReferences = [] } }: Pod): Owner | undefined {
  return ownerReferences.find((owner) => owner.controller === true);
}

export function factsOf({ metadata: { labels = {}, annotations = {} } }: Pod): PodFacts {
  const revision = labels[revisionLabel];
  return {
    // A template has another fingerprint there: of its own settings.
    isByPolicy: revision !== undefined && annotations[injectedKey]?.startsWith(`${revision}.`) === true,
    revision,
    restarted: annotations[restartedKey],
    optOut: labels[optOutLabel],
  };
}

/** A Deployment calls its ReplicaSets after itself and the hash of their template. undefined: a controller whose template we do not know. */
export function workloadBehind(
  { kind = '', name }: Owner,
  hash: string | undefined,
): Pick<WorkloadRef, 'kind' | 'name'> | undefined {
  if (kind === 'StatefulSet' || kind === 'DaemonSet') return { kind, name };
  if (kind !== 'ReplicaSet' || hash === undefined || !name.endsWith(`-${hash}`)) return undefined;
  return { kind: 'Deployment', name: name.slice(0, -hash.length - 1) };
}
