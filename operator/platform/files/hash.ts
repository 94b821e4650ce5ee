// Hashes by which texts and values are known again.
import { createHash } from 'node:crypto';

/** Equal values have equal hashes, whatever the order of their keys. */
export function hashOf(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
  return sha256(text ?? '');
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
