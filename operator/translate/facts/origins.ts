// Origins: which object asked for something. Only kind, namespace, name and generation enter the IR.
import type { ObjectMeta } from '../../../api/metadata.ts';
import { type Origin, originKey } from '../../ir/origin.ts';
import { compareText } from '../../values/compare-text.ts';

interface Named {
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

const origins = new WeakMap<Named, Origin>();

/** The same value for the same object. */
export function originOf(object: Named): Origin {
  let origin = origins.get(object);
  if (origin === undefined) {
    const { namespace, name, generation } = object.metadata;
    origin = { kind: object.kind, namespace: namespace ?? '', name, generation: generation ?? 0 };
    origins.set(object, origin);
  }
  return origin;
}

const keys = new WeakMap<Origin, string>();

function keyOf(origin: Origin): string {
  let key = keys.get(origin);
  if (key === undefined) keys.set(origin, (key = originKey(origin)));
  return key;
}

/** Sorted by originKey, each object once. */
export function mergeOrigins(...lists: readonly (readonly Origin[])[]): readonly Origin[] {
  const merged: Origin[] = [];
  for (const list of lists) for (const origin of list) insert(merged, origin);
  // One that grew has room for many more.
  return merged.slice();
}

/** Most lists have two or three: to look for the place makes no garbage, as a Map and a sort would, and there are ten thousands. */
function insert(sorted: Origin[], origin: Origin): void {
  const key = keyOf(origin);
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = sorted[middle];
    const order = other === undefined ? 1 : compareText(keyOf(other), key);
    if (order === 0) {
      sorted[middle] = origin;
      return;
    }
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  sorted.splice(low, 0, origin);
}
