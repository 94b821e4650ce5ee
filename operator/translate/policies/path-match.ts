// Paths of requests in the mesh's own words.
import type { PathMatchIr } from '../../ir/path.ts';

/** Written alike if they match alike: a prefix loses the slashes at its end. */
export function translatePath({ type, value }: PathMatchIr): PathMatchIr {
  if (type !== 'PathPrefix') return { type, value };
  return { type, value: value.replace(/\/+$/, '') || '/' };
}
