// Which workloads the targets of SecurityPolicies lead to.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { reason } from '../../../conditions/conditions.ts';
import type { LabelSelector } from '../../../objects/objects.ts';
import type { Resources } from '../../../store/resources.ts';
import { matchesSelector } from '../../../values/labels.ts';
import { workloadKey } from '../../../values/node-id.ts';
import { rememberEach } from '../../../values/remember.ts';
import { serviceKey, type ServiceViews } from '../../facts/service-view.ts';
import type { Problem } from '../../facts/verdicts.ts';
import type { Workload, WorkloadIndex } from '../../facts/workload.ts';
import type { Reached } from './kept-guards.ts';

type TargetRef = SecurityPolicy['spec']['targetRefs'][number];

export interface Target {
  readonly kind: TargetRef['kind'] | 'Selector';
  /** Of a selector: its labels, `app=reviews,version=v1`. */
  readonly name: string;
}

/** All that targets are looked up in. */
export interface Surroundings extends Pick<Resources, 'deployments' | 'statefulSets' | 'daemonSets'> {
  /** Name of the Mesh in force. */
  readonly mesh: string;
  /** Whoever writes there could change everything anyway. */
  readonly operatorNamespace: string;
}

/** Of a policy for workloads. */
export type TargetLevel = 'Mesh' | 'Namespace' | 'Service' | 'Workload';

export const levelOf: Readonly<Record<Target['kind'], TargetLevel>> = {
  Mesh: 'Mesh',
  Namespace: 'Namespace',
  Service: 'Service',
  Deployment: 'Workload',
  StatefulSet: 'Workload',
  DaemonSet: 'Workload',
  ExternalWorkload: 'Workload',
  Selector: 'Workload',
};

export function targetsOf({ spec }: SecurityPolicy): readonly Target[] {
  if (spec.selector === undefined) return spec.targetRefs;
  const labels = Object.entries(spec.selector.matchLabels).map(([key, value]) => `${key}=${value}`);
  return [...spec.targetRefs, { kind: 'Selector', name: labels.toSorted().join() }];
}

/** `Deployment shop/reviews`. */
export function targetTitle({ kind, name }: Target, namespace: string): string {
  return kind === 'Selector' ? `selector ${name}` : `${kind} ${namespace}/${name}`;
}

/** Null: there is no such target. */
export type FoundTarget = { readonly reached: Reached } | { readonly problem: Problem };

export interface TargetIndex {
  readonly services: ServiceViews;
  readonly workloads: WorkloadIndex;
  readonly surroundings: Surroundings;
}

type Find = (policy: SecurityPolicy, name: string, index: TargetIndex) => FoundTarget;

export const findTarget: Readonly<Record<Target['kind'], Find>> = {
  Mesh: (policy, name, { workloads, surroundings: { mesh, operatorNamespace } }) => {
    const own = namespaceOf(policy);
    if (own !== operatorNamespace) {
      const message = `Only a policy in namespace ${operatorNamespace} can target the Mesh, because it applies to the workloads of all namespaces. Create it there, or target Namespace ${own}.`;
      return { problem: { reason: reason.unsupportedValue, message } };
    }
    if (name !== mesh) {
      const message = `Mesh ${name} is not in force. Fix targetRefs to name Mesh ${mesh}.`;
      return { problem: { reason: reason.targetNotFound, message } };
    }
    return { reached: onAllPorts(workloads.all) };
  },
  Namespace: (policy, name, { workloads }) => {
    const own = namespaceOf(policy);
    if (name !== own) {
      const message = `A policy can only target its own namespace, ${own}. Create it in namespace ${name}, or change targetRefs.`;
      return { problem: { reason: reason.unsupportedValue, message } };
    }
    return { reached: onAllPorts(workloads.byLabels.select(own, {})) };
  },
  Service: (policy, name, { services }) => {
    const key = serviceKey(namespaceOf(policy), name);
    const view = services.byKey.get(key);
    if (view === undefined) return notFound('Service', key);
    const ports = new Map(view.selected.map((workload) => [workload.key, new Set<number>()]));
    for (const port of view.ports) {
      for (const target of port.targets) ports.get(target.workload.key)?.add(target.port);
    }
    return { reached: ports };
  },
  Deployment: (policy, name, index) =>
    findOwner('Deployment', policy, name, index.surroundings.deployments, index),
  StatefulSet: (policy, name, index) =>
    findOwner('StatefulSet', policy, name, index.surroundings.statefulSets, index),
  DaemonSet: (policy, name, index) =>
    findOwner('DaemonSet', policy, name, index.surroundings.daemonSets, index),
  ExternalWorkload: (policy, name, { workloads }) => {
    const namespace = namespaceOf(policy);
    const found = workloads.byKey.get(workloadKey({ kind: 'ExternalWorkload', namespace, name }));
    if (found === undefined) return notFound('ExternalWorkload', serviceKey(namespace, name));
    return { reached: onAllPorts([found]) };
  },
  Selector: (policy, _, { workloads }) => {
    const labels = policy.spec.selector?.matchLabels ?? {};
    return { reached: onAllPorts(workloads.byLabels.select(namespaceOf(policy), labels)) };
  },
};

interface Owner {
  readonly metadata: SecurityPolicy['metadata'];
  readonly spec: { readonly selector: LabelSelector };
}

const byKey = rememberEach((owners: readonly Owner[]): ReadonlyMap<string, Owner> => {
  return new Map(
    owners.map((owner) => [serviceKey(owner.metadata.namespace ?? '', owner.metadata.name), owner]),
  );
});

// oxlint-disable-next-line max-params -- a target, and where to look for it
function findOwner(
  kind: TargetRef['kind'],
  policy: SecurityPolicy,
  name: string,
  owners: readonly Owner[],
  { workloads }: TargetIndex,
): FoundTarget {
  const namespace = namespaceOf(policy);
  const owner = byKey(owners).get(serviceKey(namespace, name));
  if (owner === undefined) return notFound(kind, serviceKey(namespace, name));
  const { selector } = owner.spec;
  const isSelected = (workload: Workload): boolean =>
    workload.source.kind === 'Pod' && matchesSelector(selector, workload.labels);
  const candidates = workloads.byLabels.select(namespace, selector.matchLabels ?? {});
  return { reached: onAllPorts(candidates.filter(isSelected)) };
}

function onAllPorts(workloads: readonly Workload[]): Reached {
  return new Map(workloads.map(({ key }) => [key, null]));
}

function namespaceOf({ metadata }: SecurityPolicy): string {
  return metadata.namespace ?? '';
}

function notFound(kind: TargetRef['kind'], key: string): FoundTarget {
  const message = `${kind} ${key} does not exist. Create it, or fix targetRefs.`;
  return { problem: { reason: reason.targetNotFound, message } };
}
