// Whether two JSON values are the same, key order aside, wherever their prototypes come from (parsers differ in that).
// A Map or a Set is no JSON value: it is the same as itself only. Secrets are compared by what they hide.
import { Redacted } from './redacted.ts';

export function isSameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (a instanceof Redacted && b instanceof Redacted) return isSameValue(a.reveal(), b.reveal());
  if (!isObject(a) || !isObject(b) || isKeyed(a) || isKeyed(b)) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSameValue(a[key], b[key]))
  );
}

/** Its content is not in its properties. */
function isKeyed(value: object): boolean {
  return value instanceof Map || value instanceof Set || value instanceof Redacted;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
