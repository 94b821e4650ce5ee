// Which Deployment, StatefulSet or DaemonSet a pod is of, by its labels: what is remembered of a port outlives its pods.
import type { LabelSelector } from '../../objects/objects.ts';
import type { ObjectMeta } from '../../../api/metadata.ts';
import type { Resources } from '../../store/resources.ts';
import { matchesSelector } from '../../values/labels.ts';
import { rememberLast } from '../../values/remember.ts';
import type { Workload, WorkloadIndex } from './workload.ts';

/** `Deployment/reviews`; of a pod or ExternalWorkload by itself, `Pod/reviews-1`. */
export type OwnerOf = (workload: Workload) => string;

export interface Owners {
  /** Pod key → `Deployment/reviews`; of pods by themselves nothing. */
  readonly byKey: ReadonlyMap<string, string>;
  readonly of: OwnerOf;
}

interface Owner {
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: { readonly selector: LabelSelector };
}

type OwnerFinder = (
  workloads: WorkloadIndex,
  resources: Pick<Resources, 'deployments' | 'statefulSets' | 'daemonSets'>,
) => Owners;

/** The same value as long as all pods have the same owners. */
export function createOwnerFinder(): OwnerFinder {
  let last: Owners | null = null;
  const find = rememberLast((workloads: WorkloadIndex, ...owners: readonly (readonly Owner[])[]): Owners => {
    const byKey = ownersIn(workloads, owners.flat());
    if (last !== null && isSame(last.byKey, byKey)) return last;
    last = { byKey, of: ({ key, source, name }) => byKey.get(key) ?? `${source.kind}/${name}` };
    return last;
  });
  return (workloads, { deployments, statefulSets, daemonSets }) =>
    find(workloads, deployments, statefulSets, daemonSets);
}

/** Where several select a pod, the first by name counts. */
function ownersIn({ byLabels }: WorkloadIndex, owners: readonly Owner[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { kind, metadata, spec } of owners) {
    const owner = `${kind}/${metadata.name}`;
    const candidates = byLabels.select(metadata.namespace ?? '', spec.selector.matchLabels ?? {});
    for (const { key, source, labels } of candidates) {
      if (source.kind !== 'Pod' || !matchesSelector(spec.selector, labels)) continue;
      const other = found.get(key);
      if (other === undefined || owner < other) found.set(key, owner);
    }
  }
  return found;
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, owner]) => b.get(key) === owner);
}
