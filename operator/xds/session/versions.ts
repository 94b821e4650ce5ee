// The version of a whole type, for state-of-the-world responses: a hash over names and versions, so that the
// same content has the same version on every replica and after a restart.
import { hash } from 'node:crypto';
import type { Entry } from '../snapshot/types.ts';

export function versionOf(entries: Iterable<Entry>): string {
  const lines = [...entries].map((entry) => `${entry.name}\n${entry.version}`);
  return hash('sha256', lines.toSorted().join('\n'), 'base64url').slice(0, 16);
}
