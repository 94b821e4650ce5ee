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
  const merged = new Map<string, Origin>();
  for (const list of lists) {
    for (const origin of list) merged.set(keyOf(origin), origin);
  }
  if (merged.size < 2) return [...merged.values()];
  return [...merged].toSorted(([a], [b]) => compareText(a, b)).map(([, origin]) => origin);
}
