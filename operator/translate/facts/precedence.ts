// The one order in which objects that want the same thing are heard: the older first, then namespace and name.
// The same on every replica, whatever order the objects came in.
import type { ObjectMeta } from '../../../api/metadata.ts';

interface WithMetadata {
  readonly metadata: ObjectMeta;
}

/** By code unit: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

export function byText<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => compareText(key(a), key(b));
}

function compareNames(a: WithMetadata, b: WithMetadata): number {
  return (
    compareText(a.metadata.namespace ?? '', b.metadata.namespace ?? '') ||
    compareText(a.metadata.name, b.metadata.name)
  );
}

/** Older first, then namespace and name. An object without creationTimestamp counts as the newest. */
export function compareAge(a: WithMetadata, b: WithMetadata): number {
  const ageA = createdAt(a);
  const ageB = createdAt(b);
  if (ageA !== ageB) return ageA < ageB ? -1 : 1;
  return compareNames(a, b);
}

function createdAt(object: WithMetadata): number {
  const time = Date.parse(object.metadata.creationTimestamp ?? '');
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time;
}
