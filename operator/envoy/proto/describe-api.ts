// Describes messages that protobufjs has read, with all they refer to, as the data of descriptor.ts. Build time only.
// Entry: describeApi.
import protobuf from 'protobufjs';
import { gone, rules as newerRules } from './extra/corrections.ts';
import type { Descriptor, FieldDescriptor, MessageDescriptor, Rules } from './descriptor.ts';
import { extraPackage } from './load-protos.ts';

/** @param names of the messages wanted, in full. @throws when one of them is not in `root` */
export function describeApi(root: protobuf.Root, names: readonly string[]): Descriptor {
  for (const path of gone) {
    const field = root.lookup(path);
    field?.parent?.remove(field);
  }
  const messages: Record<string, MessageDescriptor> = {};
  const enums: Record<string, Readonly<Record<string, number>>> = {};
  for (const reflected of closure(root, names)) {
    if (reflected instanceof protobuf.Enum) enums[nameOf(reflected)] = reflected.values;
    else messages[nameOf(reflected)] = describeMessage(reflected);
  }
  return { messages, enums };
}

/** The named messages and all they refer to, by name. */
function closure(root: protobuf.Root, names: readonly string[]): readonly (protobuf.Type | protobuf.Enum)[] {
  const found = new Map<string, protobuf.Type | protobuf.Enum>();
  const waiting: (protobuf.Type | protobuf.Enum)[] = names.map((name) => root.lookupType(name));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(nameOf(next))) continue;
    found.set(nameOf(next), next);
    const fields = next instanceof protobuf.Type ? next.fieldsArray : [];
    waiting.push(...fields.flatMap((field) => field.resolvedType ?? []));
  }
  return [...found.values()].toSorted((a, b) => (a.fullName < b.fullName ? -1 : 1));
}

function describeMessage(type: protobuf.Type): MessageDescriptor {
  const fields: Record<string, FieldDescriptor> = {};
  for (const field of type.fieldsArray.toSorted((a, b) => a.id - b.id)) {
    const name = fieldName(type, field);
    if (name !== null) fields[name] = describeField(field.declaringField ?? field, `${nameOf(type)}.${name}`);
  }
  const required = type.oneofsArray.filter((oneof) => oneof.options?.['(validate.required)'] === true);
  return required.length === 0 ? { fields } : { fields, requiredOneofs: required.map((oneof) => oneof.name) };
}

/** Null for an extension that is none of ours. One of ours is an extension to protobufjs, a plain field to us. */
function fieldName(type: protobuf.Type, { name }: protobuf.Field): string | null {
  if (name.startsWith('.')) return name.startsWith(extraPackage) ? name.slice(extraPackage.length) : null;
  // protobufjs has these messages built in, with the names that they have in JSON.
  const isBuiltIn = type.fullName.startsWith('.google.protobuf.');
  return isBuiltIn ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name;
}

function describeField(field: protobuf.Field, path: string): FieldDescriptor {
  const target = field.resolvedType;
  const kind = target === null ? 'scalar' : target instanceof protobuf.Enum ? 'enum' : 'message';
  const rules = rulesOf(field, path);
  return {
    id: field.id,
    kind,
    type: target === null ? field.type : nameOf(target),
    ...describeCardinality(field),
    ...(kind === 'message' ? {} : describeScalar(field)),
    // proto3's `optional` is a oneof of one member, made up by the compiler: it brings presence only.
    ...(field.partOf === null || field.partOf.isProto3Optional ? {} : { oneof: field.partOf.name }),
    ...(rules === null ? {} : { rules }),
  };
}

function describeCardinality(field: protobuf.Field): Partial<FieldDescriptor> {
  if (field instanceof protobuf.MapField) return { mapKey: field.keyType };
  return field.repeated ? { repeated: true } : {};
}

function describeScalar(field: protobuf.Field): Partial<FieldDescriptor> {
  if (field.repeated)
    return field.packed && !['string', 'bytes'].includes(field.type) ? { packed: true } : {};
  return field.hasPresence && field.extend === undefined ? { presence: true } : {};
}

/** The content of the options named `(validate.rules)`; a field may spread them over several. */
function rulesOf(field: protobuf.Field, path: string): Rules | null {
  const newer = newerRules[path];
  if (newer !== undefined) return newer;
  const parsed: readonly Record<string, unknown>[] = field.parsedOptions ?? [];
  const found = parsed.flatMap((option) => {
    const value = option['(validate.rules)'];
    return value === undefined ? [] : [value as Rules];
  });
  return found.length === 0 ? null : Object.assign({}, ...found);
}

/** Full names carry a leading dot in protobufjs. */
function nameOf(reflected: protobuf.ReflectionObject): string {
  return reflected.fullName.slice(1);
}
