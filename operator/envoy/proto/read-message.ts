// Decodes protobuf into the plain form that write-message.ts takes. Fields it does not know are skipped: a proxy may
// speak a newer API. Bytes come from the network: nesting is bounded and no key can reach a prototype.
// Entry: readMessage, used by registry.ts.
import protobuf from 'protobufjs/minimal.js';
import type { EnvoyMessage, EnvoyValue } from './envoy-message.ts';
import { located, MessageError } from './message-error.ts';
import { type Scalar, scalars } from './scalars.ts';
import { type FieldShape, isKnown, type MessageShape, shapeOf, type ValueType } from './shapes.ts';

type Fields = Record<string, EnvoyValue>;

interface Source {
  readonly reader: protobuf.Reader;
  readonly end: number;
  readonly depth: number;
  /** How many fields may be read yet, by all that read of the same bytes. */
  readonly budget: { left: number };
}

/** As deep as protobuf's own implementations go. */
const deepest = 100;

const wireTypeMask = 7;
const lengthDelimited = 2;

/**
 * The plain form of one encoded message. mostFields: of it and of messages within it: each takes memory and time, and may have two bytes only.
 * @throws MessageError when the bytes are damaged, or there are more fields.
 */
export function readMessage(shape: MessageShape, bytes: Uint8Array, mostFields = Infinity): EnvoyValue {
  const reader = protobuf.Reader.create(bytes);
  try {
    return readForm(shape, { reader, end: reader.len, depth: 0, budget: { left: mostFields } });
  } catch (error) {
    if (error instanceof MessageError) throw error;
    throw new MessageError(`the bytes are not a ${shape.name}: ${String(error)}`);
  }
}

function readForm(shape: MessageShape, source: Source): EnvoyValue {
  const message = readFields(shape, source);
  switch (shape.form) {
    case 'fields':
      return message;
    case 'wrapper':
      return message['value'] ?? wrapperZero(shape);
    case 'any':
      return openAny(message, source);
    case 'struct':
      return message['fields'] ?? {};
    case 'list':
      return message['values'] ?? [];
    case 'value':
      return 'null_value' in message ? null : (Object.values(message)[0] ?? null);
  }
}

function wrapperZero(shape: MessageShape): Scalar {
  const type = shape.fields.get('value')?.type;
  return type?.kind === 'scalar' ? scalars[type.scalar].zero : '';
}

function readFields(shape: MessageShape, source: Source): Fields {
  const { reader, end } = source;
  if (source.depth > deepest) throw new MessageError(`messages are nested deeper than ${deepest}`);
  const message: Fields = {};
  while (reader.pos < end) {
    spend(source);
    const tag = reader.uint32();
    const wireType = tag & wireTypeMask;
    const field = shape.fieldsById.get(tag >>> 3);
    if (field === undefined) {
      reader.skipType(wireType);
    } else {
      if (field.oneof !== null) dropOthers(shape, message, field);
      readField(field, wireType, message, source);
    }
  }
  return message;
}

function spend({ budget }: Source): void {
  budget.left -= 1;
  if (budget.left < 0) throw new MessageError('there are too many fields');
}

/** Of a oneof's members, the last on the wire holds. */
function dropOthers(shape: MessageShape, message: Fields, field: FieldShape): void {
  for (const name of Object.keys(message)) {
    if (shape.fields.get(name)?.oneof === field.oneof) Reflect.deleteProperty(message, name);
  }
}

function readField(field: FieldShape, wireType: number, message: Fields, source: Source): void {
  try {
    switch (field.cardinality) {
      case 'one':
        message[field.name] = readValue(field.type, source);
        return;
      case 'many':
        readItems(field, wireType, (message[field.name] ??= []) as EnvoyValue[], source);
        return;
      case 'map':
        readEntry(field, (message[field.name] ??= {}) as Fields, source);
    }
  } catch (error) {
    throw located(error, field.name);
  }
}

function readValue(type: ValueType, source: Source): EnvoyValue {
  switch (type.kind) {
    case 'scalar':
      return scalars[type.scalar].read(source.reader);
    case 'enum': {
      const number = source.reader.int32();
      return type.enum.names.get(number) ?? number;
    }
    case 'message':
      return readForm(type.message, nested(source));
  }
}

function nested({ reader, end, depth, budget }: Source): Source {
  const length = reader.uint32();
  if (reader.pos + length > end) throw new MessageError('the bytes end within a message');
  return { reader, end: reader.pos + length, depth: depth + 1, budget };
}

function readItems(field: FieldShape, wireType: number, items: EnvoyValue[], source: Source): void {
  const isRun = wireType === lengthDelimited && field.type.kind !== 'message';
  if (!isRun || (field.type.kind === 'scalar' && scalars[field.type.scalar].wireType === lengthDelimited)) {
    items.push(readValue(field.type, source));
    return;
  }
  const run = nested(source);
  while (run.reader.pos < run.end) {
    spend(run);
    items.push(readValue(field.type, run));
  }
}

function readEntry(field: FieldShape, map: Fields, source: Source): void {
  const entry = nested(source);
  let key = '';
  let value: EnvoyValue | undefined;
  while (entry.reader.pos < entry.end) {
    spend(entry);
    const tag = entry.reader.uint32();
    if (tag >>> 3 === 1) key = String(scalars[field.mapKey].read(entry.reader));
    else if (tag >>> 3 === 2) value = readValue(field.type, entry);
    else entry.reader.skipType(tag & wireTypeMask);
  }
  // Defined, not assigned: a key `__proto__` is data like any other.
  Object.defineProperty(map, key, {
    value: value ?? absentValue(field.type),
    enumerable: true,
    writable: true,
    configurable: true,
  });
}

function absentValue(type: ValueType): EnvoyValue {
  switch (type.kind) {
    case 'scalar':
      return scalars[type.scalar].zero;
    case 'enum':
      return type.enum.names.get(0) ?? 0;
    case 'message':
      return readMessage(type.message, new Uint8Array());
  }
}

function openAny(any: Fields, { depth, budget }: Source): EnvoyMessage {
  const url = typeof any['type_url'] === 'string' ? any['type_url'] : '';
  const base64 = typeof any['value'] === 'string' ? any['value'] : '';
  if (url === '' && base64 === '') return { '@type': '' };
  const name = url.slice(url.lastIndexOf('/') + 1);
  if (!isKnown(name)) return { '@type': url, '@bytes': base64 };
  const shape = shapeOf(name);
  const reader = protobuf.Reader.create(Buffer.from(base64, 'base64'));
  const content = readForm(shape, { reader, end: reader.len, depth: depth + 1, budget });
  return shape.form === 'fields'
    ? { '@type': url, ...(content as EnvoyMessage) }
    : { '@type': url, value: content };
}
