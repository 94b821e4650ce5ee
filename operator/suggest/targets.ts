// The object that a policy can target, for the workload that was called. Pure.
import type { ObjectMeta } from '../../api/metadata.ts';
import type { LabelSelector } from '../objects/objects.ts';
import type { Resources } from '../store/resources.ts';
import { podAddresses } from '../translate/facts/pod-address.ts';
import { matchesSelector } from '../values/labels.ts';
import type { Seen } from './seen.ts';

export interface Target {
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'ExternalWorkload';
  readonly namespace: string;
  readonly name: string;
}

/** null: the workload is not there any more, or nothing that a policy can target makes it. */
export function targetsIn(resources: Resources): (seen: Pick<Seen, 'workload' | 'address'>) => Target | null {
  const byKey = new Map<string, Target | null>();
  const byAddress = new Map<string, Target | null>();
  for (const pod of resources.pods) {
    const target = makerOf(pod.metadata, resources);
    byKey.set(`Pod/${pod.metadata.namespace ?? ''}/${pod.metadata.name}`, target);
    for (const address of podAddresses(pod)) byAddress.set(address, target);
  }
  for (const { metadata, spec } of resources.externalWorkloads) {
    const { namespace = '', name } = metadata;
    const target = { kind: 'ExternalWorkload', namespace, name } as const;
    byKey.set(`ExternalWorkload/${namespace}/${name}`, target);
    byAddress.set(spec.address, target);
  }
  return ({ workload, address }) => byKey.get(workload ?? '') ?? byAddress.get(address ?? '') ?? null;
}

interface Maker {
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet';
  readonly metadata: ObjectMeta;
  readonly spec: { readonly selector: LabelSelector };
}

function makerOf(pod: ObjectMeta, { deployments, statefulSets, daemonSets }: Resources): Target | null {
  const makers: readonly Maker[] = [...deployments, ...statefulSets, ...daemonSets];
  const maker = makers.find(
    ({ metadata, spec }) =>
      metadata.namespace === pod.namespace && matchesSelector(spec.selector, pod.labels ?? {}),
  );
  if (maker === undefined) return null;
  return { kind: maker.kind, namespace: pod.namespace ?? '', name: maker.metadata.name };
}
