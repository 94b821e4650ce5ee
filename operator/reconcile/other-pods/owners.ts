// Pods whose controller has no template that we know: a ReplicaSet of nobody, or a controller of another kind. Entries: podsByOwner, evicts. Pure.
import { mostAccountCharacters } from '../../infra/injection-conditions.ts';
import { ownContainers } from '../../infra/pod-names.ts';
import type { MeshSettingsIr } from '../../ir/mesh-ir.ts';
import type { Pod } from '../../objects/objects.ts';
import type { PodRef } from '../../ports/pod-port.ts';
import { revisionLabel } from '../../values/own-names.ts';
import { rememberEach } from '../../values/remember.ts';
import { controllerOf, factsOf, isThereToStay, type PodFacts, workloadBehind } from '../pods.ts';

export interface OwnedPod extends Pick<PodFacts, 'isByPolicy' | 'revision'> {
  readonly ref: PodRef;
  readonly serviceAccount: string;
  readonly isReady: boolean;
  /** false: it ends, or has ended. */
  readonly isStaying: boolean;
  /** It is to stay as it is, as far as the store can tell: the policy looks at more of a pod than the store keeps. */
  readonly isLeftAlone: boolean;
}

/** By key (`ReplicaSet/shop/legacy`). */
export type PodsByOwner = ReadonlyMap<string, readonly OwnedPod[]>;

/** Whether the Mesh asks for evictions. */
export function evicts({ mesh }: { readonly mesh: MeshSettingsIr | null }): boolean {
  return mesh?.sidecar.evictsOtherPods === true;
}

/** Nobody makes them anew: what a Job has begun would be lost, and a kubelet runs its own pods whatever is said of them. */
const neverEvicted = ['Job', 'Node'];

/** With those that end. isKnown: keys of workloads, whose pods are none of these. */
export function podsByOwner(pods: readonly Pod[], isKnown: (key: string) => boolean): PodsByOwner {
  const owned = pods.map(ownedPod).filter((it) => it !== null);
  const groups = Map.groupBy(owned, ({ key }) => key);
  return new Map(
    [...groups].flatMap(([key, them]) => (isKnown(key) ? [] : [[key, them.map(({ pod }) => pod)]])),
  );
}

const ownedPod = rememberEach((pod: Pod): { readonly key: string; readonly pod: OwnedPod } | null => {
  const { namespace = '', name, uid = '', labels = {} } = pod.metadata;
  const controller = controllerOf(pod);
  if (controller === undefined || workloadBehind(controller, labels['pod-template-hash']) !== undefined)
    return null;
  const { kind = '' } = controller;
  if (neverEvicted.includes(kind)) return null;
  const { isByPolicy, revision, optOut } = factsOf(pod);
  return {
    key: `${kind}/${namespace}/${controller.name}`,
    pod: {
      ref: { namespace, name, uid },
      serviceAccount: pod.spec.serviceAccountName ?? 'default',
      isByPolicy,
      revision,
      isReady: pod.status?.conditions?.some((it) => it.type === 'Ready' && it.status === 'True') === true,
      isStaying: isThereToStay(pod),
      isLeftAlone: optOut === 'false' || isLeftAlone(pod),
    },
  };
});

function isLeftAlone({ metadata: { labels = {} }, spec }: Pod): boolean {
  const { restartPolicy = 'Always', serviceAccountName = '', hostNetwork = false } = spec;
  // It runs to its end: evicted in the middle, its work may be lost.
  if (restartPolicy !== 'Always' || hostNetwork) return true;
  if (serviceAccountName.length > mostAccountCharacters) return true;
  const names = [...(spec.initContainers ?? []), ...spec.containers].map(({ name }) => name);
  return labels[revisionLabel] === undefined && names.some((name) => ownContainers.includes(name));
}
