// Google's own definitions of its APIs (npm google-proto-files), and whether JSON is what they describe. Stricter than Google: what is not
// known is no mistake there, and lost. Entry: mistakesIn.
// @see https://protobuf.dev/programming-guides/json/
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import protobuf from 'protobufjs';

const files = dirname(createRequire(import.meta.url).resolve('google-proto-files/package.json'));
const services = ['monitoring/v3/metric_service', 'logging/v2/logging', 'devtools/cloudtrace/v2/tracing'];

const root = new protobuf.Root();
root.resolvePath = (_, target) => join(files, target);
root.loadSync(services.map((service) => `google/${service}.proto`));
root.resolveAll();

/** Mistakes as `path: what`; none: a request of this type. */
export function mistakesIn(typeName: string, json: unknown): readonly string[] {
  return inMessage(root.lookupType(typeName), json, '');
}

const patterns: Readonly<Record<string, RegExp>> = {
  'google.protobuf.Timestamp': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/,
  'google.protobuf.Duration': /^-?\d{1,12}(\.\d{1,9})?s$/,
};
/** Any JSON. */
const free = new Set(['.google.protobuf.Struct', '.google.protobuf.Value']);
const texts: Readonly<Record<string, RegExp>> = {
  int64: /^-?\d{1,19}$/,
  uint64: /^\d{1,20}$/,
  bytes: /^[A-Za-z0-9+/]*={0,2}$/,
};

function inMessage(type: protobuf.Type, json: unknown, path: string): readonly string[] {
  const name = type.fullName.slice(1);
  const pattern = patterns[name];
  if (pattern !== undefined)
    return typeof json === 'string' && pattern.test(json) ? [] : [`${path}: no ${name}: ${String(json)}`];
  if (free.has(type.fullName)) return isObject(json) ? [] : [`${path}: no object`];
  if (!isObject(json)) return [`${path}: no ${name}: ${JSON.stringify(json)}`];
  const mistakes = Object.entries(json).flatMap(([key, value]) => {
    const field = type.fields[key];
    const here = path === '' ? key : `${path}.${key}`;
    return field === undefined ? [`${here}: ${name} has no such field`] : inField(field, value, here);
  });
  const twice = type.oneofsArray.filter(
    ({ oneof }) => oneof.filter((field) => json[field] !== undefined).length > 1,
  );
  return [
    ...mistakes,
    ...twice.map((oneof) => `${path}: several of ${oneof.name}`),
    ...missing(type, json, path),
  ];
}

/** As google.api.field_behavior says. */
function missing(type: protobuf.Type, json: Record<string, unknown>, path: string): readonly string[] {
  return type.fieldsArray
    .filter((field) => field.options?.['(google.api.field_behavior)'] === 'REQUIRED')
    .filter(({ name }) => !fromPath.has(name) && json[name] === undefined)
    .map(({ name }) => `${path === '' ? '' : `${path}.`}${name}: required`);
}

/** Of a request: they are in the URL. Span.name is not, and has a check of its own. */
const fromPath: ReadonlySet<string> = new Set(['name']);

function inField(field: protobuf.Field, json: unknown, path: string): readonly string[] {
  if (field instanceof protobuf.MapField) {
    if (!isObject(json)) return [`${path}: no map`];
    return Object.entries(json).flatMap(([key, value]) => inValue(field, value, `${path}[${key}]`));
  }
  if (!field.repeated) return inValue(field, json, path);
  if (!Array.isArray(json)) return [`${path}: no list`];
  return json.flatMap((value: unknown, at) => inValue(field, value, `${path}[${at}]`));
}

function inValue({ type, resolvedType }: protobuf.Field, json: unknown, path: string): readonly string[] {
  if (resolvedType instanceof protobuf.Type) return inMessage(resolvedType, json, path);
  if (resolvedType instanceof protobuf.Enum)
    return resolvedType.values[String(json)] === undefined ? [`${path}: no ${resolvedType.name}`] : [];
  return isScalar(type, json) ? [] : [`${path}: no ${type}: ${JSON.stringify(json)}`];
}

function isScalar(type: string, json: unknown): boolean {
  const text = texts[type];
  if (text !== undefined) return typeof json === 'string' && text.test(json);
  if (type === 'string') return typeof json === 'string';
  if (type === 'bool') return typeof json === 'boolean';
  return typeof json === 'number' && (type === 'double' || type === 'float' || Number.isInteger(json));
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
