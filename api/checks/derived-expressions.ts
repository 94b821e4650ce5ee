// How large the regular expressions become that a TrafficPolicy does not write and Envoy needs all the same: host names, paths that
// can be spelled in several ways, and prefixes that are replaced. Estimated from the spec alone, as expressions are.
import { isRecord } from './fields.ts';

/** Groups and alternatives around the text. */
const frame = 16;
/** Of a byte that may come percent-encoded, in digits of either case, or as it is. */
const encodedByte = 6;
/** What stands in a path as itself (RFC 3986, pchar). */
const plain = /^[\w.~!$&'()*+,;=:@/-]$/;

/** RE2 instructions of all of them in the spec of a TrafficPolicy; seldom too low and then by little. */
export function derivedSize(spec: unknown): number {
  const limited = recordsIn(spec, 'limits').map(({ match }) => limitedSize(match));
  return sum([...recordsIn(spec, 'routes').map(routeSize), ...limited]);
}

function routeSize(route: Readonly<Record<string, unknown>>): number {
  const isPrefixReplaced = ['rewrite', 'redirect'].some((field) => {
    const change = route[field];
    return isRecord(change) && isRecord(change['path']) && change['path']['type'] === 'ReplacePrefixMatch';
  });
  const once = sum(
    recordsIn(route, 'matches').map(
      (match) =>
        hostnamesSize(match['hostnames']) +
        spelledSize(match['path']) +
        replacedSize(match['path'], isPrefixReplaced),
    ),
  );
  // Preflight requests have a match of their own.
  return isRecord(route['cors']) ? 2 * once : once;
}

/** Servers compare every path with an expression: it comes in several readings. */
function limitedSize(match: unknown): number {
  const path = isRecord(match) ? match['path'] : undefined;
  return isRecord(path) ? frame + spellingSize(String(path['value'])) : 0;
}

function hostnamesSize(hostnames: unknown): number {
  if (!Array.isArray(hostnames) || hostnames.length === 0) return 0;
  return frame + sum(hostnames.map((name) => String(name).length + 4));
}

/** Envoy compares a path without encoded characters as text. */
function spelledSize(path: unknown): number {
  if (!isRecord(path) || path['type'] === 'RegularExpression') return 0;
  const value = String(path['value']);
  return Array.from(value).every((character) => plain.test(character)) ? 0 : frame + spellingSize(value);
}

function replacedSize(path: unknown, isReplaced: boolean): number {
  return isReplaced && isRecord(path) ? frame + spellingSize(String(path['value'])) : 0;
}

function spellingSize(value: string): number {
  return sum(
    Array.from(value, (character) =>
      plain.test(character) ? 1 : encodedByte * Buffer.byteLength(character),
    ),
  );
}

function recordsIn(value: unknown, field: string): readonly Readonly<Record<string, unknown>>[] {
  const items = isRecord(value) ? value[field] : undefined;
  return Array.isArray(items) ? items.filter(isRecord) : [];
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
