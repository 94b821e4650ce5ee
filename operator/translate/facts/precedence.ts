// The order of precedence among objects that set the same thing: the older first, then namespace and name.
// The same on every replica, whatever order the objects came in.
import type { ObjectMeta } from '../../../api/metadata.ts';
import { compareText } from '../../values/compare-text.ts';

interface WithMetadata {
  readonly metadata: ObjectMeta;
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

/** Why `first` precedes `other`, as a clause for a message: `it is older`. */
export function whyFirst(first: WithMetadata, other: WithMetadata): string {
  return createdAt(first) < createdAt(other)
    ? 'it is older'
    : 'it was created at the same time and its name sorts first';
}

function createdAt(object: WithMetadata): number {
  const time = Date.parse(object.metadata.creationTimestamp ?? '');
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time;
}
