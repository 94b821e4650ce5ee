// Writes generated/descriptor.json from Envoy's .proto files: `node operator/envoy/proto/generate.ts`.
// It takes roots.ts and everything they refer to; the operator itself reads only the result.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import protobuf from 'protobufjs';
import type { Descriptor, FieldDescriptor, MessageDescriptor, Rules } from './descriptor.ts';
import { roots } from './roots.ts';

const here = import.meta.dirname;
const require = createRequire(import.meta.url);

/**
 * Where imports are looked for: first our own files, of a newer Envoy; then Envoy's API and what it imports, which come with
 * @grpc/grpc-js-xds; google/protobuf comes with protobufjs.
 */
const includeDirectories = [
  join(here, 'extra'),
  ...['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((name) =>
    join(packageDirectory('@grpc/grpc-js-xds'), 'deps', name),
  ),
  packageDirectory('protobufjs'),
];

function packageDirectory(name: string): string {
  const found = require.resolve.paths(name)?.find((directory) => existsSync(join(directory, name)));
  if (found === undefined) throw new Error(`The package ${name} is not installed: run "make deps".`);
  return join(found, name);
}

function loadProtos(): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) =>
    includeDirectories.map((directory) => join(directory, target)).find((path) => existsSync(path)) ?? target;
  const fields = readdirSync(join(here, 'extra/fields'))
    .toSorted()
    .map((name) => join(here, 'extra/fields', name));
  return root.loadSync([...Object.keys(roots), ...fields], { keepCase: true });
}

/** The content of the options named `(validate.rules)`; a field may spread them over several. */
function rulesOf(field: protobuf.Field): Rules | undefined {
  const parsed: readonly Record<string, unknown>[] = field.parsedOptions ?? [];
  const rules = parsed.flatMap((option) => {
    const value = option['(validate.rules)'];
    return value === undefined ? [] : [value as Rules];
  });
  return rules.length === 0 ? undefined : Object.assign({}, ...rules);
}

/** Full names carry a leading dot in protobufjs. */
function nameOf(reflected: protobuf.ReflectionObject): string {
  return reflected.fullName.slice(1);
}

function describeField(field: protobuf.Field): FieldDescriptor {
  const target = field.resolvedType;
  const kind = target === null ? 'scalar' : target instanceof protobuf.Enum ? 'enum' : 'message';
  const rules = rulesOf(field);
  return {
    id: field.id,
    kind,
    type: target === null ? field.type : nameOf(target),
    ...describeCardinality(field),
    ...(kind === 'message' ? {} : describeScalar(field)),
    // proto3's `optional` is a oneof of one member, made up by the compiler: it brings presence only.
    ...(field.partOf === null || field.partOf.isProto3Optional ? {} : { oneof: field.partOf.name }),
    ...(rules === undefined ? {} : { rules }),
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

function describeMessage(type: protobuf.Type): MessageDescriptor {
  const fields: Record<string, FieldDescriptor> = {};
  for (const field of type.fieldsArray.toSorted((a, b) => a.id - b.id)) {
    if (field.name.startsWith('.')) {
      // One of extra/fields: an extension to protobufjs, a plain field to us.
      if (field.name.startsWith('.meshwright.extra.')) {
        fields[field.name.slice('.meshwright.extra.'.length)] = describeField(field.declaringField ?? field);
      }
    } else {
      fields[field.name] = describeField(field);
    }
  }
  const required = type.oneofsArray.filter((oneof) => oneof.options?.['(validate.required)'] === true);
  return required.length === 0 ? { fields } : { fields, requiredOneofs: required.map((oneof) => oneof.name) };
}

/** The roots and all they refer to, by name. */
function closure(root: protobuf.Root): readonly (protobuf.Type | protobuf.Enum)[] {
  const found = new Map<string, protobuf.Type | protobuf.Enum>();
  const waiting: (protobuf.Type | protobuf.Enum)[] = Object.values(roots)
    .flat()
    .map((name) => root.lookupType(name));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(nameOf(next))) continue;
    found.set(nameOf(next), next);
    const fields = next instanceof protobuf.Type ? next.fieldsArray : [];
    waiting.push(...fields.flatMap((field) => field.resolvedType ?? []));
  }
  return [...found.values()].toSorted((a, b) => (a.fullName < b.fullName ? -1 : 1));
}

function describe(root: protobuf.Root): Descriptor {
  const messages: Record<string, MessageDescriptor> = {};
  const enums: Record<string, Readonly<Record<string, number>>> = {};
  for (const reflected of closure(root)) {
    if (reflected instanceof protobuf.Enum) enums[nameOf(reflected)] = reflected.values;
    else messages[nameOf(reflected)] = describeMessage(reflected);
  }
  return { messages, enums };
}

const root = loadProtos();
root.resolveAll();
const descriptor = describe(root);
const output = join(here, 'generated', 'descriptor.json');
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, `${JSON.stringify(descriptor, null, 1)}\n`);
process.stdout.write(
  `${output}: ${Object.keys(descriptor.messages).length} messages, ${Object.keys(descriptor.enums).length} enums\n`,
);
