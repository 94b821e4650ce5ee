// What guarded a pod guards it for as long as it serves: though the target of the policy is deleted, leads to other ports by now, or
// the pod was relabelled. Only the policy itself ends it: deleted, or without that target. What guarded a pod, its annotation says.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { append } from '../../../values/labels.ts';
import type { RecordedGuard } from '../../facts/guard-record.ts';
import type { Workload, WorkloadIndex } from '../../facts/workload.ts';

/** Workload key → ports; null: all. */
export type Reached = ReadonlyMap<string, ReadonlySet<number> | null>;

/** Of any kind: of those that are never recorded nothing is found. */
type Target = Record<'kind' | 'name', string>;

interface Recorded {
  readonly workload: Workload;
  readonly guard: RecordedGuard;
}

/** Policy and target → the pods that they guarded so far. */
export function recordedGuards({ all }: WorkloadIndex): ReadonlyMap<string, readonly Recorded[]> {
  const recorded = new Map<string, Recorded[]>();
  for (const workload of all) {
    for (const guard of workload.guardRecord?.guards ?? []) {
      append(recorded, keyOf(workload.namespace, guard.policy, guard), { workload, guard });
    }
  }
  return recorded;
}

export function guardKey({ metadata }: SecurityPolicy, target: Target): string {
  return keyOf(metadata.namespace ?? '', metadata.name, target);
}

function keyOf(namespace: string, policy: string, { kind, name }: Target): string {
  return `${namespace}/${policy} ${kind}/${name}`;
}

interface WithRecorded {
  readonly all: Reached;
  /** Pods, as `namespace/name`, of which the record says more than the target. Sorted. */
  readonly left: readonly string[];
}

/** reached: by the target as it is; undefined: it does not exist. */
export function withRecorded(reached: Reached | undefined, recorded: readonly Recorded[] = []): WithRecorded {
  const all = new Map(reached);
  const left: string[] = [];
  for (const { workload, guard } of recorded) {
    const present = all.get(workload.key);
    const ports = present === undefined ? portsOf(guard) : union(present, portsOf(guard));
    if (present !== undefined && ports?.size === present?.size) continue;
    all.set(workload.key, ports);
    left.push(`${workload.namespace}/${workload.name}`);
  }
  return { all, left: left.toSorted() };
}

function portsOf({ ports }: RecordedGuard): ReadonlySet<number> | null {
  return ports === null ? null : new Set(ports);
}

function union(a: ReadonlySet<number> | null, b: ReadonlySet<number> | null): ReadonlySet<number> | null {
  return a === null || b === null ? null : new Set([...a, ...b]);
}
