// Origins: which object asked for something. Only kind, namespace, name and generation enter the IR.
import type { ObjectMeta } from '../../api/metadata.ts';
import { type Origin, originKey } from '../ir/origin.ts';
import { compareText } from './attachment/precedence.ts';

export function originOf(object: { readonly kind: string; readonly metadata: ObjectMeta }): Origin {
  const { namespace, name, generation } = object.metadata;
  return { kind: object.kind, namespace: namespace ?? '', name, generation: generation ?? 0 };
}

/** Sorted by originKey, each object once. */
export function mergeOrigins(...lists: readonly (readonly Origin[])[]): readonly Origin[] {
  const merged = new Map<string, Origin>();
  for (const list of lists) {
    for (const origin of list) merged.set(originKey(origin), origin);
  }
  return [...merged].toSorted(([a], [b]) => compareText(a, b)).map(([, origin]) => origin);
}
