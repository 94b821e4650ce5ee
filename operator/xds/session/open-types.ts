// Which types of a session may have something to send or to wait for. All others are at rest until their subscription or
// their stack changes, and need not be looked at: what happens to one type costs nothing for the others. Pure.
import { typeUrl as url, type TypeUrl } from '../../envoy/proto/type-urls.ts';

/** A bit for each type. */
export type OpenTypes = number;

const bits: ReadonlyMap<TypeUrl, number> = new Map(
  Object.values(url).map((type, index) => [type, 1 << index]),
);

export const noneOpen: OpenTypes = 0;
export const allOpen: OpenTypes = (1 << bits.size) - 1;

export function isOpen(open: OpenTypes, type: TypeUrl): boolean {
  return (open & bitOf(type)) !== 0;
}

export function opened(open: OpenTypes, type: TypeUrl): OpenTypes {
  return open | bitOf(type);
}

export function closed(open: OpenTypes, type: TypeUrl): OpenTypes {
  return open & ~bitOf(type);
}

function bitOf(type: TypeUrl): number {
  return bits.get(type) ?? 0;
}
