// The fields of a document against a structural schema: which does nobody know, and which say nothing.
import type { StructuralSchema } from '../structural.ts';
import { memberPath } from './field-path.ts';

type Json = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One sentence for each field that the schema does not know: kubectl refuses those too. See prototypeKeys for `__proto__`. */
export function unknownFields(value: unknown, schema: StructuralSchema, path: string): readonly string[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined
      ? []
      : value.flatMap((item, i) => unknownFields(item, items, memberPath(path, i)));
  }
  if (!isRecord(value) || schema.properties === undefined) return [];
  const fields = schema.properties;
  return Object.entries(value).flatMap(([name, child]) => {
    if (name === '__proto__') return [];
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field !== undefined) return unknownFields(child, field, memberPath(path, name));
    const advice = advise(name, Object.keys(fields));
    return [`${memberPath(path, name)} is an unknown field. ${advice}`];
  });
}

/**
 * One sentence for each map with the key `__proto__`, which no label, annotation or field may have; zod would leave it
 * out in silence.
 */
export function prototypeKeys(value: unknown, path: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Object.hasOwn(value, '__proto__')) {
    return [`${memberPath(path, '__proto__')} is not a key there can be. Rename it.`];
  }
  const members: readonly (readonly [PropertyKey, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  return members.flatMap(([key, child]) => prototypeKeys(child, memberPath(path, key)));
}

/** The value without members that are null: to the API server they say nothing, so defaults take their place. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item));
  if (!isRecord(value)) return value;
  const present = Object.entries(value).filter(([, child]) => child !== null);
  return Object.fromEntries(present.map(([name, child]) => [name, withoutNulls(child)]));
}

function advise(name: string, fields: readonly string[]): string {
  const close = fields.find((field) => editDistance(field.toLowerCase(), name.toLowerCase()) <= 2);
  return close === undefined ? `Remove it, or use one of ${fields.join(', ')}.` : `Did you mean ${close}?`;
}

/** How many letters must be put in, taken out or replaced to get from a to b. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of a.split('').entries()) {
    const next = [i + 1];
    for (const [j, other] of b.split('').entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
