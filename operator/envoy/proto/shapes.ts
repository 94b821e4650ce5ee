// Looks Envoy's messages up by name: their fields with types resolved, from the generated descriptor.
// Entry: shapeOf. A shape is built when it is first asked for, and kept.
import type { Descriptor, FieldDescriptor, Rules, ScalarType } from './descriptor.ts';
import descriptorJson from './generated/descriptor.json' with { type: 'json' };
import { MessageError } from './message-error.ts';

/** How a message is written as plain data; all but `fields` are the well-known types with forms of their own. */
export type MessageForm = 'fields' | 'any' | 'struct' | 'value' | 'list' | 'wrapper';

export interface EnumShape {
  readonly name: string;
  readonly numbers: ReadonlyMap<string, number>;
  readonly names: ReadonlyMap<number, string>;
}

/** What one value of a field is; of a map, what its values are. */
export type ValueType =
  | { readonly kind: 'scalar'; readonly scalar: ScalarType }
  | { readonly kind: 'enum'; readonly enum: EnumShape }
  | { readonly kind: 'message'; readonly message: MessageShape };

export interface FieldShape {
  readonly name: string;
  readonly id: number;
  readonly type: ValueType;
  readonly cardinality: 'one' | 'many' | 'map';
  readonly packed: boolean;
  readonly mapKey: ScalarType;
  readonly oneof: string | null;
  readonly presence: boolean;
  readonly rules: Rules | null;
}

export interface MessageShape {
  readonly name: string;
  readonly form: MessageForm;
  readonly fields: ReadonlyMap<string, FieldShape>;
  readonly fieldsById: ReadonlyMap<number, FieldShape>;
  readonly requiredOneofs: readonly string[];
}

// The generated file has more literal types than are worth comparing; generate.ts writes it as a Descriptor.
const descriptor = descriptorJson as unknown as Descriptor;

const forms: Readonly<Record<string, MessageForm>> = {
  'google.protobuf.Any': 'any',
  'google.protobuf.Struct': 'struct',
  'google.protobuf.Value': 'value',
  'google.protobuf.ListValue': 'list',
  'google.protobuf.BoolValue': 'wrapper',
  'google.protobuf.BytesValue': 'wrapper',
  'google.protobuf.DoubleValue': 'wrapper',
  'google.protobuf.FloatValue': 'wrapper',
  'google.protobuf.Int32Value': 'wrapper',
  'google.protobuf.Int64Value': 'wrapper',
  'google.protobuf.StringValue': 'wrapper',
  'google.protobuf.UInt32Value': 'wrapper',
  'google.protobuf.UInt64Value': 'wrapper',
};

const shapes = new Map<string, MessageShape>();
const enums = new Map<string, EnumShape>();

/**
 * The shape of a message by its full name, for example `envoy.config.cluster.v3.Cluster`.
 * @throws MessageError when roots.ts does not lead to that message.
 */
export function shapeOf(name: string): MessageShape {
  return shapes.get(name) ?? build(name);
}

/** The shape that an Any's type URL names. @throws MessageError when it is not known. */
export function shapeOfTypeUrl(typeUrl: string): MessageShape {
  return shapeOf(typeUrl.slice(typeUrl.lastIndexOf('/') + 1));
}

/** Whether `name` is a message this operator knows. */
export function isKnown(name: string): boolean {
  return Object.hasOwn(descriptor.messages, name);
}

/** The full names of all known messages, sorted. */
export function knownMessages(): readonly string[] {
  return Object.keys(descriptor.messages);
}

function build(name: string): MessageShape {
  const described = isKnown(name) ? descriptor.messages[name] : undefined;
  if (described === undefined) throw new MessageError(`${name} is not a known message type`);
  const fields = new Map<string, FieldShape>();
  const fieldsById = new Map<number, FieldShape>();
  const shape: MessageShape = {
    name,
    form: forms[name] ?? 'fields',
    fields,
    fieldsById,
    requiredOneofs: described.requiredOneofs ?? [],
  };
  // Known before its fields are: messages may hold themselves.
  shapes.set(name, shape);
  for (const [fieldName, field] of Object.entries(described.fields)) {
    const fieldShape = buildField(fieldName, field);
    fields.set(fieldName, fieldShape);
    fieldsById.set(field.id, fieldShape);
  }
  return shape;
}

function buildField(name: string, field: FieldDescriptor): FieldShape {
  return {
    name,
    id: field.id,
    type: valueType(field),
    cardinality: field.mapKey !== undefined ? 'map' : field.repeated === true ? 'many' : 'one',
    packed: field.packed === true,
    mapKey: (field.mapKey ?? 'string') as ScalarType,
    oneof: field.oneof ?? null,
    presence: field.presence === true,
    rules: field.rules ?? null,
  };
}

function valueType(field: FieldDescriptor): ValueType {
  switch (field.kind) {
    case 'scalar':
      return { kind: 'scalar', scalar: field.type as ScalarType };
    case 'enum':
      return { kind: 'enum', enum: enumShape(field.type) };
    case 'message':
      return { kind: 'message', message: shapeOf(field.type) };
  }
}

function enumShape(name: string): EnumShape {
  const known = enums.get(name);
  if (known !== undefined) return known;
  const values = Object.entries(descriptor.enums[name] ?? {});
  const shape: EnumShape = {
    name,
    numbers: new Map(values),
    // Of aliases, the first name is the one that is shown.
    names: new Map(values.toReversed().map(([label, number]) => [number, label])),
  };
  enums.set(name, shape);
  return shape;
}
