// Values as /debug may show them: a copy in plain JSON without secrets. What is secret is told by type, never by
// looking at content: Redacted values, Envoy's Secret messages and TLS certificates, Kubernetes Secrets. Pure.
import { Redacted } from '../values/redacted.ts';

const shown = '[redacted]';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * Fields of Envoy messages that hold secrets, by the message they are in. The messages are known by `@type`, or
 * by the field that holds them.
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/transport_sockets/tls/v3/common.proto
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/transport_sockets/tls/v3/secret.proto
 */
const secretFields: ReadonlyMap<string, readonly string[]> = new Map([
  ['tls_certificate', ['private_key', 'password', 'pkcs12', 'private_key_provider']],
  ['tls_certificates', ['private_key', 'password', 'pkcs12', 'private_key_provider']],
  ['generic_secret', ['secret', 'secrets']],
  ['session_ticket_keys', ['keys']],
]);

/** A copy of `value` that is fit to print: Maps become objects, bytes their length, secrets `[redacted]`. */
export function redact(value: unknown): Json {
  return copyOf(value, undefined);
}

/** What a value is when printed, one level deep. `holder` goes on to what is in it. */
export type Shown =
  | { readonly kind: 'leaf'; readonly value: Json }
  | { readonly kind: 'list'; readonly items: Iterable<unknown>; readonly holder: string | undefined }
  | { readonly kind: 'fields'; readonly fields: Iterable<readonly [key: string, value: unknown]> };

/** `holder`: the name of the field that holds the value, or that holds the list it is in. */
export function shownOf(value: unknown, holder: string | undefined): Shown {
  if (typeof value !== 'object' || value === null) return { kind: 'leaf', value: scalar(value) };
  if (value instanceof Redacted) return { kind: 'leaf', value: shown };
  if (value instanceof Date)
    return { kind: 'leaf', value: Number.isNaN(value.getTime()) ? null : value.toISOString() };
  if (value instanceof Uint8Array) return { kind: 'leaf', value: `${value.byteLength} bytes` };
  if (value instanceof Error) return { kind: 'leaf', value: { error: value.message } };
  if (value instanceof Map) return { kind: 'fields', fields: fieldsOf(mapFields(value), []) };
  if (isIterable(value)) return { kind: 'list', items: value, holder };
  const fields: [string, unknown][] = Object.entries(value);
  return { kind: 'fields', fields: fieldsOf(fields, secretFieldsOf(new Map(fields), holder)) };
}

export function copyOf(value: unknown, holder: string | undefined): Json {
  const it = shownOf(value, holder);
  if (it.kind === 'leaf') return it.value;
  if (it.kind === 'list') return Array.from(it.items, (item) => copyOf(item, it.holder));
  return Object.fromEntries(Array.from(it.fields, ([key, item]) => [key, copyOf(item, key)]));
}

function scalar(value: unknown): Json {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  // undefined, functions and symbols do not get here from an object: see fieldsOf.
  return null;
}

function* mapFields(map: ReadonlyMap<unknown, unknown>): Generator<[string, unknown]> {
  for (const [key, item] of map) yield [String(key), item];
}

function* fieldsOf(
  fields: Iterable<readonly [string, unknown]>,
  secret: readonly string[],
): Generator<readonly [string, unknown]> {
  for (const [key, value] of fields) {
    if (value === undefined || typeof value === 'function' || typeof value === 'symbol') continue;
    yield [key, secret.includes(snakeCase(key)) ? withoutContent(value) : value];
  }
}

function isIterable(value: object): value is Iterable<unknown> {
  return Symbol.iterator in value;
}

function secretFieldsOf(fields: ReadonlyMap<string, unknown>, holder: string | undefined): readonly string[] {
  if (fields.get('kind') === 'Secret') return ['data', 'string_data'];
  const type = fields.get('@type');
  const message =
    typeof type === 'string' ? snakeCase(type.slice(type.lastIndexOf('.') + 1)) : snakeCase(holder ?? '');
  return secretFields.get(message) ?? [];
}

/** A DataSource that only says where the secret is (a file, a variable) is none. Everything else is. */
function withoutContent(value: unknown): Json {
  if (typeof value !== 'object' || value === null) return shown;
  const fields = Object.entries(value);
  const isPlace = fields.length > 0 && fields.every(([key]) => places.has(snakeCase(key)));
  return isPlace ? copyOf(value, undefined) : shown;
}

const places: ReadonlySet<string> = new Set(['filename', 'environment_variable', 'watched_directory']);

/** Messages may be decoded with the names of the proto files, or with those of JSON. */
function snakeCase(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
