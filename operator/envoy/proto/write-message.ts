// Encodes plain data as protobuf, strictly and in one pass: a field it does not know, or a value of the wrong kind,
// is an error with its path. Equal content gives equal bytes: fields by number, map entries by key, no defaults.
// Entry: writeMessage, used by registry.ts.
import type { Writer } from 'protobufjs/minimal.js';
import type { EnvoyMessage, EnvoyValue } from './envoy-message.ts';
import { describeValue, located, MessageError } from './message-error.ts';
import { isObject, lengthDelimited, listOf, objectOf } from './plain-values.ts';
import { type Scalar, scalars } from './scalars.ts';
import { type FieldShape, type MessageShape, shapeOfTypeUrl, type ValueType } from './shapes.ts';
import { writeJsonList, writeJsonValue, writeStruct } from './write-json.ts';

/** Writes the content of a message (no length before it). @throws MessageError */
export function writeMessage(shape: MessageShape, value: EnvoyValue, writer: Writer): void {
  switch (shape.form) {
    case 'fields':
      writeFields(shape, objectOf(value), writer);
      return;
    case 'wrapper':
      writeWrapper(shape, value, writer);
      return;
    case 'any':
      writeAny(objectOf(value), writer);
      return;
    case 'struct':
      writeStruct(objectOf(value), writer);
      return;
    case 'value':
      writeJsonValue(value, writer);
      return;
    case 'list':
      writeJsonList(listOf(value), writer);
  }
}

function writeWrapper(shape: MessageShape, value: EnvoyValue, writer: Writer): void {
  const field = shape.fields.get('value');
  if (isObject(value)) writeFields(shape, value, writer);
  else if (field !== undefined) writeField(field, value, writer);
}

function writeFields(shape: MessageShape, message: EnvoyMessage, writer: Writer): void {
  for (const field of fieldsSetIn(shape, message)) {
    try {
      writeField(field, message[field.name] as EnvoyValue, writer);
    } catch (error) {
      throw located(error, field.name);
    }
  }
}

/** The fields that `message` sets, by number. Null and undefined mean that a field is not set. */
function fieldsSetIn(shape: MessageShape, message: EnvoyMessage): readonly FieldShape[] {
  const set: FieldShape[] = [];
  for (const name of Object.keys(message)) {
    if (message[name] === undefined || message[name] === null) continue;
    const field = shape.fields.get(name);
    if (field === undefined) throw new MessageError(`${shape.name} has no such field`, name);
    // Few fields are set: insertion is faster than sorting.
    let at = set.length;
    for (; at > 0; at--) {
      const other = set[at - 1] as FieldShape;
      if (field.oneof !== null && other.oneof === field.oneof) {
        throw new MessageError(`only one of ${other.name} and ${field.name} may be set`, name);
      }
      if (other.id < field.id) break;
      set[at] = other;
    }
    set[at] = field;
  }
  return set;
}

function writeField(field: FieldShape, value: EnvoyValue, writer: Writer): void {
  switch (field.cardinality) {
    case 'one':
      if (!field.presence && isDefault(field.type, value)) return;
      writeValue(field.id, field.type, value, writer);
      return;
    case 'many':
      writeList(field, listOf(value), writer);
      return;
    case 'map':
      writeMap(field, objectOf(value), writer);
  }
}

/** Whether a value says no more than its absence. A value of the wrong kind is none, so that it is found. */
function isDefault(type: ValueType, value: EnvoyValue): boolean {
  switch (type.kind) {
    case 'scalar':
      return Object.is(value, scalars[type.scalar].zero);
    case 'enum':
      return typeof value === 'string' && type.enum.numbers.get(value) === 0;
    case 'message':
      return false;
  }
}

function writeValue(id: number, type: ValueType, value: EnvoyValue, writer: Writer): void {
  switch (type.kind) {
    case 'scalar': {
      const codec = scalars[type.scalar];
      codec.check(value);
      writer.uint32((id << 3) | codec.wireType);
      codec.write(writer, value as never);
      return;
    }
    case 'enum':
      writer.uint32(id << 3).int32(enumNumber(type, value));
      return;
    case 'message':
      writer.uint32((id << 3) | lengthDelimited).fork();
      writeMessage(type.message, value, writer);
      writer.ldelim();
  }
}

function enumNumber(type: ValueType & { kind: 'enum' }, value: EnvoyValue): number {
  const number = typeof value === 'string' ? type.enum.numbers.get(value) : undefined;
  if (number !== undefined) return number;
  const names = [...type.enum.numbers.keys()].join(', ');
  throw new MessageError(`expected one of ${names}, got ${describeValue(value)}`);
}

function writeList(field: FieldShape, list: readonly EnvoyValue[], writer: Writer): void {
  if (list.length === 0) return;
  if (field.packed) writer.uint32((field.id << 3) | lengthDelimited).fork();
  let index = 0;
  try {
    for (; index < list.length; index += 1) {
      const value = list[index] as EnvoyValue;
      if (field.packed) writePacked(field.type, value, writer);
      else writeValue(field.id, field.type, value, writer);
    }
  } catch (error) {
    throw located(error, `[${index}]`);
  }
  if (field.packed) writer.ldelim();
}

function writePacked(type: ValueType, value: EnvoyValue, writer: Writer): void {
  if (type.kind === 'enum') {
    writer.int32(enumNumber(type, value));
  } else if (type.kind === 'scalar') {
    scalars[type.scalar].check(value);
    scalars[type.scalar].write(writer, value as never);
  }
}

function writeMap(field: FieldShape, map: EnvoyMessage, writer: Writer): void {
  const key: ValueType = { kind: 'scalar', scalar: field.mapKey };
  for (const name of Object.keys(map).toSorted()) {
    try {
      writer.uint32((field.id << 3) | lengthDelimited).fork();
      writeValue(1, key, mapKeyOf(field, name), writer);
      writeValue(2, field.type, map[name] as EnvoyValue, writer);
      writer.ldelim();
    } catch (error) {
      throw located(error, `[${JSON.stringify(name)}]`);
    }
  }
}

function mapKeyOf(field: FieldShape, name: string): Scalar {
  if (field.mapKey === 'string') return name;
  return field.mapKey === 'bool' ? name === 'true' : Number(name);
}

/**
 * `{ '@type': url, …fields }`; types with a form of their own hold it in `value`, as in protobuf's JSON mapping. An empty URL and
 * nothing else is an Any that is there and empty, which Envoy tells from one that is not there.
 */
function writeAny(any: EnvoyMessage, writer: Writer): void {
  const url = any['@type'];
  if (typeof url !== 'string') throw new MessageError('expected a type URL', '@type');
  if (url === '' && Object.keys(any).length === 1) return;
  writeTyped(url, any, writer);
}

/** Writes the content of a google.protobuf.Any that holds `message`. @throws MessageError */
export function writeTyped(url: string, message: EnvoyMessage, writer: Writer): void {
  let shape: MessageShape;
  try {
    shape = shapeOfTypeUrl(url);
  } catch (error) {
    throw located(error, '@type');
  }
  writer.uint32((1 << 3) | lengthDelimited).string(url);
  writer.uint32((2 << 3) | lengthDelimited).fork();
  if (shape.form === 'fields' || shape.form === 'wrapper') writeMessage(shape, withoutType(message), writer);
  else writeMessage(shape, message['value'] ?? null, writer);
  writer.ldelim();
}

function withoutType(message: EnvoyMessage): EnvoyMessage {
  if (message['@type'] === undefined) return message;
  const { '@type': _type, ...fields } = message;
  return fields;
}
