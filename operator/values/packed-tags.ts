// Several tags of a counter, reported as one: `source|code` and `spiffe://…|200`. Envoy makes texts of each tag of each request, allocates and
// hashes them (decision 89).

const separator = '|';
/** More than any counter of ours has. */
const most = 9;

/** Of the names of several tags, or of the formats of their values: none of these may have a `|`. */
export function pack(parts: readonly string[]): string {
  return parts.join(separator);
}

/**
 * The tags that one reports, by name. null: it does not have as many values as names, or too many. A tag with one name has whatever value it
 * has. Texts may be parts of the ones given, which they keep in memory.
 */
export function unpack(
  name: string,
  value: string,
): readonly (readonly [name: string, value: string])[] | null {
  const names = name.split(separator, most + 1);
  if (names.length === 1) return [[name, value]];
  const values = value.split(separator, most + 1);
  if (names.length > most || values.length !== names.length) return null;
  return names.map((it, at) => [it, values[at] ?? '']);
}
