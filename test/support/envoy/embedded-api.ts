// The API that an Envoy was built with, read out of its binary: protobuf's C++ code embeds each .proto file that it uses.
// Entry: embeddedApi. It knows nothing of our own copy of the API; compare-api.ts holds the two side by side.
import protobuf from 'protobufjs';
// oxlint-disable-next-line import/no-unassigned-import -- adds Root.fromDescriptor to protobufjs
import 'protobufjs/ext/descriptor.js';
import type {
  Descriptor,
  FieldDescriptor,
  MessageDescriptor,
  Rules,
} from '../../../operator/envoy/proto/descriptor.ts';
import { embeddedFiles } from './embedded-files.ts';

/** The messages and enums of an Envoy, in the form of our own descriptor, with what Envoy would rather not see used. */
export interface EmbeddedApi extends Descriptor {
  /** `package.Message.field` and `package.Enum.VALUE`. */
  readonly deprecated: ReadonlySet<string>;
}

/** What .proto files say of themselves: the messages of descriptor.proto, with the options that Envoy adds to them. */
const languageFiles = [
  'google/protobuf/descriptor.proto',
  'google/protobuf/duration.proto',
  'google/protobuf/timestamp.proto',
  'validate/validate.proto',
];

/** @throws when `binary` embeds no descriptors, so it is no Envoy, or one that was built in another way. */
export function embeddedApi(binary: Buffer): EmbeddedApi {
  const files = embeddedFiles(binary);
  const language = languageFiles.map((name) => {
    const file = files.get(name);
    if (file === undefined) throw new Error(`The binary embeds no ${name}.`);
    return file;
  });
  const type = protobuf.Root.fromDescriptor(fileSet(language), { keepCase: true })
    .resolveAll()
    .lookupType('google.protobuf.FileDescriptorProto');
  const all = Array.from(files.values(), (file) =>
    type.toObject(type.decode(file), { enums: String, longs: Number }),
  ) as readonly FileProto[];
  return apiOf(all);
}

/** A google.protobuf.FileDescriptorSet: its one field is the list of files. */
function fileSet(files: readonly Buffer[]): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const file of files) writer.uint32((1 << 3) | 2).bytes(file);
  return writer.finish();
}

// The fields of descriptor.proto that are read here.

interface FileProto {
  readonly package?: string;
  readonly message_type?: readonly MessageProto[];
  readonly enum_type?: readonly EnumProto[];
}

interface MessageProto {
  readonly name: string;
  readonly field?: readonly FieldProto[];
  readonly nested_type?: readonly MessageProto[];
  readonly enum_type?: readonly EnumProto[];
  readonly oneof_decl?: readonly { readonly name: string; readonly options?: Options }[];
  readonly options?: Options;
}

interface FieldProto {
  readonly name: string;
  readonly number: number;
  readonly label: string;
  readonly type: string;
  readonly type_name?: string;
  readonly oneof_index?: number;
  readonly proto3_optional?: boolean;
  readonly options?: Options;
}

interface EnumProto {
  readonly name: string;
  readonly value: readonly { readonly name: string; readonly number?: number; readonly options?: Options }[];
}

interface Options {
  readonly deprecated?: boolean;
  readonly packed?: boolean;
  readonly map_entry?: boolean;
  readonly '.validate.rules'?: Rules;
  readonly '.validate.required'?: boolean;
}

interface Collected {
  readonly messages: Record<string, MessageDescriptor>;
  readonly enums: Record<string, Readonly<Record<string, number>>>;
  readonly deprecated: Set<string>;
}

function apiOf(files: readonly FileProto[]): EmbeddedApi {
  const collected: Collected = { messages: {}, enums: {}, deprecated: new Set() };
  for (const file of files) {
    const scope = file.package ?? '';
    for (const message of file.message_type ?? []) addMessage(collected, scope, message);
    for (const enumeration of file.enum_type ?? []) addEnum(collected, scope, enumeration);
  }
  return collected;
}

function addMessage(collected: Collected, scope: string, message: MessageProto): void {
  const name = `${scope}.${message.name}`;
  const nested = message.nested_type ?? [];
  const entries = new Map(
    nested.filter((it) => it.options?.map_entry === true).map((it) => [`.${name}.${it.name}`, it]),
  );
  const oneofs = message.oneof_decl ?? [];
  const required = oneofs.filter((it) => it.options?.['.validate.required'] === true).map((it) => it.name);
  collected.messages[name] = {
    fields: Object.fromEntries(
      (message.field ?? []).map((field) => [
        field.name,
        describeField(field, oneofs[field.oneof_index ?? -1]?.name, entries.get(field.type_name ?? '')),
      ]),
    ),
    ...(required.length === 0 ? {} : { requiredOneofs: required }),
  };
  for (const field of message.field ?? []) {
    if (field.options?.deprecated === true) collected.deprecated.add(`${name}.${field.name}`);
  }
  for (const it of nested) if (it.options?.map_entry !== true) addMessage(collected, name, it);
  for (const it of message.enum_type ?? []) addEnum(collected, name, it);
}

function addEnum(collected: Collected, scope: string, enumeration: EnumProto): void {
  const name = `${scope}.${enumeration.name}`;
  collected.enums[name] = Object.fromEntries(enumeration.value.map((it) => [it.name, it.number ?? 0]));
  for (const value of enumeration.value) {
    if (value.options?.deprecated === true) collected.deprecated.add(`${name}.${value.name}`);
  }
}

/** A map is a list of entries to protobuf, of a message made up for it, with the fields key and value. */
function describeField(field: FieldProto, oneof: string | undefined, entry?: MessageProto): FieldDescriptor {
  const rules = field.options?.['.validate.rules'];
  const key = entry?.field?.find((it) => it.name === 'key');
  const described = entry?.field?.find((it) => it.name === 'value') ?? field;
  const type = typeOf(described);
  return {
    id: field.number,
    ...type,
    ...(key === undefined ? cardinalityOf(field, type) : { mapKey: typeOf(key).type }),
    // proto3's `optional` is a oneof of one member, made up by the compiler.
    ...(oneof === undefined || field.proto3_optional === true ? {} : { oneof }),
    ...(rules === undefined ? {} : { rules }),
  };
}

function typeOf(field: FieldProto): Pick<FieldDescriptor, 'kind' | 'type'> {
  const type = (field.type_name ?? '').slice(1);
  if (field.type === 'TYPE_MESSAGE') return { kind: 'message', type };
  if (field.type === 'TYPE_ENUM') return { kind: 'enum', type };
  return { kind: 'scalar', type: field.type.replace('TYPE_', '').toLowerCase() };
}

/** All these files are proto3: lists of numbers are packed unless they say otherwise, and only members of a oneof have presence. */
function cardinalityOf(
  field: FieldProto,
  { kind, type }: Pick<FieldDescriptor, 'kind' | 'type'>,
): Partial<FieldDescriptor> {
  if (field.label === 'LABEL_REPEATED') {
    const isPacked =
      kind !== 'message' && !['string', 'bytes'].includes(type) && field.options?.packed !== false;
    return { repeated: true, ...(isPacked ? { packed: true } : {}) };
  }
  return kind !== 'message' && field.oneof_index !== undefined ? { presence: true } : {};
}
