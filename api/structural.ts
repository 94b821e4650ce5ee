// zod schema → structural OpenAPI v3 schema, as a CRD takes it, or an error that names the field and the way out.
// Also refused: what has no description or no bound, because kubectl explain and the CEL budget need them.
// @see https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
import { z } from 'zod';
import { type CelRule, celKey } from './schema.ts';

/** A schema of a CRD. Written out where we read it; the rest passes through. */
export interface StructuralSchema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  readonly 'x-kubernetes-list-type'?: 'map' | 'set';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly CelRule[];
}

/** A zod schema that a CRD cannot express. */
class NotStructuralError extends Error {
  constructor(path: string, advice: string) {
    super(`${path}: ${advice}`);
    this.name = 'NotStructuralError';
  }
}

type Json = Readonly<Record<string, unknown>>;

// In the order they are written.
const copied = [
  'description',
  'type',
  'format',
  'default',
  'nullable',
  'enum',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'exclusiveMinimum',
  'maximum',
  'exclusiveMaximum',
  'minItems',
  'maxItems',
  'maxProperties',
  'required',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  celKey,
] as const;
const nested = new Set(['properties', 'additionalProperties', 'items']);
const unions = new Set(['anyOf', 'oneOf', 'allOf', 'not']);
const known = new Set<string>(copied);
/** Keys that YAML 1.1, which kubectl reads, takes for booleans. */
const yamlBooleans = /^(y|n|yes|no|on|off|true|false)$/i;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The structural schema of a zod schema. Throws NotStructuralError; path is where the schema stands, for that error. */
export function structuralSchema(schema: z.ZodType, path: string): StructuralSchema {
  return structural(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline' }), path);
}

function structural(node: unknown, path: string): StructuralSchema {
  if (!isObject(node)) throw new NotStructuralError(path, 'give it a schema of its own.');
  refuseForeignKeywords(node, path);
  refuseUnbounded(node, path);
  const own = Object.fromEntries(copied.filter((key) => keeps(node, key)).map((key) => [key, node[key]]));
  const schema: Json = { ...own, ...children(node, path) };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every key was looked at above
  return schema as unknown as StructuralSchema;
}

/** Zod writes the limits of JavaScript's integers, and an expression beside the format date-time; neither is ours. */
function keeps(node: Json, key: string): boolean {
  if (node[key] === undefined) return false;
  if (key === 'minimum' || key === 'maximum') return Math.abs(Number(node[key])) !== Number.MAX_SAFE_INTEGER;
  return !(key === 'pattern' && node['format'] === 'date-time');
}

function children(node: Json, path: string): Json {
  if (node['type'] === 'array') return { items: structural(node['items'], `${path}[]`) };
  if (node['type'] !== 'object') return {};
  if (!isObject(node['properties'])) {
    return { additionalProperties: structural(node['additionalProperties'], `${path}{}`) };
  }
  const entries = Object.entries(node['properties']).map(([name, child]) => {
    if (yamlBooleans.test(name))
      throw new NotStructuralError(`${path}.${name}`, 'YAML reads this name as a boolean.');
    const schema = structural(child, `${path}.${name}`);
    if (schema.description === undefined)
      throw new NotStructuralError(`${path}.${name}`, 'describe() the field.');
    return [name, schema] as const;
  });
  return { properties: Object.fromEntries(entries) };
}

function refuseForeignKeywords(node: Json, path: string): void {
  for (const key of Object.keys(node)) {
    if (unions.has(key)) {
      throw new NotStructuralError(
        path,
        `${key} is not structural: use a type field, optional members and a CEL rule.`,
      );
    }
    if (!known.has(key) && !nested.has(key)) {
      throw new NotStructuralError(path, `a CRD has no ${key}: express it by a CEL rule.`);
    }
  }
  if (typeof node['type'] !== 'string') throw new NotStructuralError(path, 'a CRD needs one type here.');
  if (isObject(node['properties']) && isObject(node['additionalProperties'])) {
    throw new NotStructuralError(path, 'a CRD takes either named fields or a map: choose one.');
  }
}

function refuseUnbounded(node: Json, path: string): void {
  const type = node['type'];
  if (
    type === 'string' &&
    node['enum'] === undefined &&
    node['format'] !== 'date-time' &&
    node['maxLength'] === undefined
  ) {
    throw new NotStructuralError(
      path,
      'bound the string with max(), or CEL rules exceed the budget of the API server.',
    );
  }
  if (type === 'array' && node['maxItems'] === undefined) {
    throw new NotStructuralError(
      path,
      'bound the list with max(), or CEL rules exceed the budget of the API server.',
    );
  }
  if (type === 'object' && !isObject(node['properties']) && node['maxProperties'] === undefined) {
    throw new NotStructuralError(
      path,
      'bound the map with maxProperties, or CEL rules exceed the budget of the API server.',
    );
  }
}
