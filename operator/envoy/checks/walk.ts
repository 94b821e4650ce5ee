// Visits a message and all messages in it, through lists, maps and Any. Entry: walk.
// It does not judge: data that does not fit its type is left to the encoder, which refuses it.
import type { EnvoyMessage, EnvoyValue } from '../proto/envoy-message.ts';
import { joinPath } from '../proto/message-error.ts';
import { type FieldShape, isKnown, type MessageShape, shapeOfTypeUrl } from '../proto/shapes.ts';

/** A message and where it is. */
export interface Place {
  readonly shape: MessageShape;
  readonly message: EnvoyMessage;
  /** The field that holds it; '' for the outermost message. */
  readonly field: string;
  /** In a list its index, in a map its key; null: the field is the message itself. */
  readonly key: string | number | null;
  /** The message around it. */
  readonly outer: Place | null;
}

/** From the outermost message, for example `routes[0].match`; empty for that one itself. */
export function pathOf({ field, key, outer }: Place): string {
  return outer === null ? '' : joinPath(pathOf(outer), `${field}${suffixOf(key)}`);
}

function suffixOf(key: Place['key']): string {
  if (key === null) return '';
  return typeof key === 'number' ? `[${key}]` : `[${JSON.stringify(key)}]`;
}

/** The nearest message around `place` that is of the named type. */
export function enclosing(place: Place, typeName: string): Place | null {
  for (let outer = place.outer; outer !== null; outer = outer.outer) {
    if (outer.shape.name === typeName) return outer;
  }
  return null;
}

/** Calls `visit` for every message, outer ones first. */
export function walk(shape: MessageShape, message: EnvoyMessage, visit: (place: Place) => void): void {
  walkFrom({ shape, message, field: '', key: null, outer: null }, visit);
}

function walkFrom(place: Place, visit: (place: Place) => void): void {
  visit(place);
  for (const name of Object.keys(place.message)) {
    const field = place.shape.fields.get(name);
    const value = place.message[name];
    if (field?.type.kind !== 'message' || value === undefined || value === null) continue;
    const { message: shape } = field.type;
    const enter = (item: EnvoyValue, key: Place['key']): void => {
      const inner = shapeIn(shape, item);
      if (inner === null || !isMessage(item)) return;
      walkFrom({ shape: inner, message: item, field: name, key, outer: place }, visit);
    };
    if (field.cardinality === 'one') enter(value, null);
    else if (field.cardinality === 'many') {
      if (Array.isArray(value)) value.forEach(enter);
    } else if (isMessage(value)) for (const [key, item] of Object.entries(value)) enter(item, key);
  }
}

/** The values of a field with their places in it: one, or those of a list or a map. */
export function itemsOf(field: FieldShape, value: EnvoyValue | undefined): readonly [string, EnvoyValue][] {
  if (value === undefined || value === null) return [];
  switch (field.cardinality) {
    case 'one':
      return [['', value]];
    case 'many':
      return Array.isArray(value) ? value.map((item: EnvoyValue, index) => [suffixOf(index), item]) : [];
    case 'map':
      return isMessage(value) ? Object.entries(value).map(([key, item]) => [suffixOf(key), item]) : [];
  }
}

export function isMessage(value: EnvoyValue | undefined): value is EnvoyMessage {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The shape of a message with fields of its own, also if it comes in an Any; null for bare values and what is not known. */
function shapeIn(shape: MessageShape, value: EnvoyValue): MessageShape | null {
  if (!isMessage(value)) return null;
  if (shape.form === 'fields') return shape;
  const url = value['@type'];
  if (shape.form !== 'any' || typeof url !== 'string' || !isKnown(url.slice(url.lastIndexOf('/') + 1)))
    return null;
  const inner = shapeOfTypeUrl(url);
  return inner.form === 'fields' ? inner : null;
}

/** A scalar as text. */
export function textOf(value: unknown): string {
  return String(value);
}
