// An object as the API server sends it: only its metadata is looked at here; convert.ts takes it apart. Entry: rawObject.
import type { StoredObject } from '../../../objects/objects.ts';

export const pruned = Symbol('pruned');

export interface RawObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly [field: string]: unknown;
  };
  /** Of an object that came as protobuf, all that is kept of it. No JSON has such a field. */
  readonly [pruned]?: StoredObject;
  readonly [field: string]: unknown;
}

/** The same value. By hand, not by a schema, which would copy it: there are many, and they are large. @throws Error */
export function rawObject(value: unknown): RawObject {
  if (isRawObject(value)) return value;
  throw new Error('the API server sent something that is no object: it has no name or no version');
}

function isRawObject(value: unknown): value is RawObject {
  if (!isRecord(value) || !isRecord(value['metadata'])) return false;
  const { name, namespace, resourceVersion, generation } = value['metadata'];
  return (
    typeof name === 'string' &&
    typeof resourceVersion === 'string' &&
    (namespace === undefined || typeof namespace === 'string') &&
    (generation === undefined || typeof generation === 'number') &&
    ['apiVersion', 'kind'].every((field) => value[field] === undefined || typeof value[field] === 'string')
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
