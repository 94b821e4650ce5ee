// Fingerprints: equal values have equal ones, on every replica and after a restart.
import { createHash } from 'node:crypto';

/** 12 hexadecimal digits of the SHA-256 of a JSON value; the order of keys does not count. */
export function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value, sortKeys)).digest('hex').slice(0, 12);
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
