// Fingerprints: equal values have equal ones, on every replica and after a restart.
import { createHash } from 'node:crypto';
import { compareText } from './compare-text.ts';

/** 12 hexadecimal digits of the SHA-256 of a JSON value; the order of keys does not count. */
export function fingerprint(value: unknown): string {
  return hashOf(value).slice(0, 12);
}

/** The SHA-256 of a JSON value, in hexadecimal digits; the order of keys does not count. */
export function hashOf(value: unknown): string {
  return sha256(JSON.stringify(value, sortKeys) ?? '');
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => compareText(a, b)));
}
