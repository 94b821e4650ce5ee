// Values as /debug may show them: a copy in plain JSON without secrets. What is secret is told by type, never by
// looking at content: Redacted values, Envoy's Secret messages and TLS certificates, Kubernetes Secrets. Pure.
import { Redacted } from '../values/redacted.ts';

const shown = '[redacted]';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

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
  return copy(value, undefined);
}

/** `holder`: the name of the field that holds the value, or that holds the list it is in. */
function copy(value: unknown, holder: string | undefined): Json {
  if (value instanceof Redacted) return shown;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  // undefined, functions and symbols do not get here from an object: see copyFields.
  if (typeof value !== 'object' || value === null) return null;
  return copyObject(value, holder);
}

function copyObject(value: object, holder: string | undefined): Json {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  if (Array.isArray(value) || value instanceof Set)
    return Array.from(value, (item: unknown) => copy(item, holder));
  if (value instanceof Map)
    return copyFields(
      [...value].map(([key, item]) => [String(key), item]),
      [],
    );
  if (value instanceof Error) return { error: value.message };
  const fields: [string, unknown][] = Object.entries(value);
  return copyFields(fields, secretFieldsOf(new Map(fields), holder));
}

function copyFields(fields: readonly (readonly [string, unknown])[], secret: readonly string[]): Json {
  return Object.fromEntries(
    fields
      .filter(([, value]) => value !== undefined && typeof value !== 'function' && typeof value !== 'symbol')
      .map(([key, value]) => [
        key,
        secret.includes(snakeCase(key)) ? withoutContent(value) : copy(value, key),
      ]),
  );
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
  return isPlace ? copy(value, undefined) : shown;
}

const places: ReadonlySet<string> = new Set(['filename', 'environment_variable', 'watched_directory']);

/** Messages may be decoded with the names of the proto files, or with those of JSON. */
function snakeCase(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
