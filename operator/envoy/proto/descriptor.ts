// The shape of generated/descriptor.json: Envoy's messages and enums as data, with their validate.rules.
// Written by generate.ts, read by shapes.ts; it knows neither protobufjs nor files.

/** The scalar types of protobuf, as .proto files write them. */
export type ScalarType =
  | 'double'
  | 'float'
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'fixed32'
  | 'sfixed32'
  | 'int64'
  | 'uint64'
  | 'sint64'
  | 'fixed64'
  | 'sfixed64'
  | 'bool'
  | 'string'
  | 'bytes';

/** The content of a `(validate.rules)` option, as protoc-gen-validate defines it. */
export type Rules = { readonly [rule: string]: RuleValue };
export type RuleValue = string | number | boolean | Rules | readonly RuleValue[];

export interface FieldDescriptor {
  /** The field's number on the wire. */
  readonly id: number;
  readonly kind: 'scalar' | 'enum' | 'message';
  /** A scalar type, or the full name of a message or an enum. */
  readonly type: string;
  readonly repeated?: true;
  /** A repeated field that is written as one length-delimited run. */
  readonly packed?: true;
  /** The key's type, when the field is a map; `kind` and `type` are then those of its values. */
  readonly mapKey?: string;
  readonly oneof?: string;
  /** A set scalar is written even when it holds the default (proto3 `optional`, or a member of a oneof). */
  readonly presence?: true;
  readonly rules?: Rules;
}

export interface MessageDescriptor {
  readonly fields: Readonly<Record<string, FieldDescriptor>>;
  /** The oneofs of which one member must be set. */
  readonly requiredOneofs?: readonly string[];
}

export interface Descriptor {
  readonly messages: Readonly<Record<string, MessageDescriptor>>;
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>;
}
