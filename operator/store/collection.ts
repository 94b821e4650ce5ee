// All objects of one kind: by key, and as a sorted, frozen array that stays the same value until one of them changes.
import { ByName } from '../values/by-name.ts';
import { isSameValue } from '../values/same-value.ts';
import { type ObjectRef, refOf, type StoredObject } from '../objects/objects.ts';
import { compareText } from '../values/compare-text.ts';

export interface Collection<T extends StoredObject> {
  get(ref: ObjectRef): T | undefined;
  /** false if the object says nothing new: then the collection, its array too, stays as it is. */
  set(object: T): boolean;
  /** false if there was none. */
  delete(ref: ObjectRef): boolean;
  /** Sorted by namespace and name. The same array for as long as nothing changes. */
  sorted(): readonly T[];
}

export function createCollection<T extends StoredObject>(): Collection<T> {
  const objects = new ByName<T>();
  let sorted: readonly T[] | undefined;
  /** In the place of others since `sorted` was made; of one name the last one counts. */
  const replacing: T[] = [];

  return {
    get: (ref) => objects.get(ref),
    set(object) {
      const ref = refOf(object);
      const previous = objects.get(ref);
      if (previous !== undefined && isSame(previous, object)) return false;
      objects.set(ref, deepFreeze(object));
      // In another's place the order stays.
      if (previous === undefined) sorted = undefined;
      else replacing.push(object);
      return true;
    },
    delete(ref) {
      if (!objects.delete(ref)) return false;
      sorted = undefined;
      return true;
    },
    sorted() {
      if (sorted === undefined) sorted = Object.freeze([...objects.values()].toSorted(compareObjects));
      else if (replacing.length > 0) sorted = withReplaced(sorted, replacing);
      replacing.length = 0;
      return sorted;
    },
  };
}

/** Costs a copy and a search for each, not a sort of all. */
function withReplaced<T extends StoredObject>(sorted: readonly T[], objects: readonly T[]): readonly T[] {
  const result = [...sorted];
  for (const object of objects) result[placeOf(object, sorted)] = object;
  return Object.freeze(result);
}

function placeOf(object: StoredObject, sorted: readonly StoredObject[]): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = sorted[middle];
    if (other !== undefined && compareObjects(other, object) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** By namespace, then name, by code unit: the same on every machine. */
export function compareRefs(a: Omit<ObjectRef, 'kind'>, b: Omit<ObjectRef, 'kind'>): number {
  return compareText(a.namespace, b.namespace) || compareText(a.name, b.name);
}

function compareObjects(a: StoredObject, b: StoredObject): number {
  const [one, other] = [a.metadata, b.metadata];
  return compareText(one.namespace ?? '', other.namespace ?? '') || compareText(one.name, other.name);
}

function isSame(previous: StoredObject, next: StoredObject): boolean {
  const version = next.metadata.resourceVersion;
  if (version !== undefined && version === previous.metadata.resourceVersion) return true;
  return isSameValue(content(previous), content(next));
}

/** What an object says. Our own status must not count, or writing it would start the next translation. */
function content(object: StoredObject): unknown {
  const { resourceVersion: _, ...metadata } = object.metadata;
  if (object.kind === 'Pod' || !('status' in object)) return { ...object, metadata };
  const { status: _status, ...rest } = object;
  return { ...rest, metadata };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
