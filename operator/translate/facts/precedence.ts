// The one order in which objects that want the same thing are heard: the older first, then namespace and name.
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

function createdAt(object: WithMetadata): number {
  const time = Date.parse(object.metadata.creationTimestamp ?? '');
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time;
}
