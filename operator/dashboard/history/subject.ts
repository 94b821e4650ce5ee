// Whose history: which series of Prometheus are of a node. Pure.
import type { WorkloadIr } from '../../ir/mesh-ir.ts';
import type { NodeName } from '../views/nodes.ts';

/** Series that have all of these values; a list: one of them. */
export type Matchers = Readonly<Record<string, string | readonly string[]>>;

export interface Subject {
  /** In a sentence: `this workload`. */
  readonly what: string;
  /** A series is of it if it matches one of these. Empty: Prometheus cannot tell. */
  readonly matchers: readonly Matchers[];
}

/** Of what called sidecars count: each request once. */
const counted = { reporter: 'destination' } as const;

export const wholeMesh: Subject = { what: 'this mesh', matchers: [counted] };

/** More than that make an address that some proxies do not take. */
const mostNames = 20;

/**
 * By the name of the Service, which Deployments of former days had, too, and by those of the workloads of today, of which ports may be behind
 * several Services or none.
 */
export function subjectOf(
  { kind, namespace, name }: NodeName,
  workloads: readonly WorkloadIr[],
  owners: ReadonlyMap<string, string>,
): Subject {
  const names = [...new Set(workloads.flatMap((it) => ownName(it, owners)))].toSorted().slice(0, mostNames);
  const matchers: Matchers[] = [];
  if (kind === 'service')
    matchers.push({ ...counted, destination_service_namespace: namespace, destination_service: name });
  if (names.length > 0)
    matchers.push({ ...counted, destination_namespace: namespace, destination_workload: names });
  return { what: kind === 'service' ? 'this Service' : 'this workload', matchers };
}

/** As traffic-metrics/ends.ts names it. */
function ownName({ key, kind, name }: WorkloadIr, owners: ReadonlyMap<string, string>): readonly string[] {
  if (kind !== 'Pod') return [name];
  const owner = owners.get(key)?.split('/')[1];
  return owner === undefined ? [] : [owner];
}
