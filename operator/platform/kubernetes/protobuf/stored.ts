// What all objects of Kubernetes have, and words for the types of their parts.
import type { ObjectMeta } from '../../../../api/metadata.ts';
import type { StoredObject } from '../../../objects/objects.ts';
import { anyText, integer, one, text, textMap, time } from './fields.ts';
import { type FieldsOf, message, type ReadMessage } from './message.ts';

/** What kubectl keeps there is the whole object once more. */
export const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

export function stored<T extends StoredObject>(
  kind: T['kind'],
  fields: FieldsOf<Omit<T, 'kind'>>,
): ReadMessage<T> {
  return message(fields, kind) as ReadMessage<T>;
}

export type Item<T> = T extends readonly (infer One)[] ? One : never;
export type Present<T> = Exclude<T, undefined>;

export const labels = textMap(11);
export const annotations = textMap(12, lastApplied);

export const metadataFields = {
  name: anyText(1),
  namespace: text(3),
  uid: text(5),
  resourceVersion: text(6),
  generation: integer(7),
  creationTimestamp: time(8),
  deletionTimestamp: time(9),
  labels,
  annotations,
};

export const metadata = one(1, message<ObjectMeta>(metadataFields));
