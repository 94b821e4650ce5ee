// What is different in a JSON value, and nothing else, for outputs that people read.

type Json = Readonly<Record<string, unknown>>;
type Named = Json & { readonly name: string };

const removed = '(removed)';

/**
 * The parts of `after` that differ from `before`; undefined: none. What is gone is `(removed)`. A list of items with names is
 * compared name by name, as long as their order is the same; any other list that differs is shown whole.
 */
export function difference(before: unknown, after: unknown): unknown {
  if (areNamed(before) && areNamed(after)) return namedDifference(before, after);
  if (isRecord(before) && isRecord(after)) return recordDifference(before, after);
  return JSON.stringify(before) === JSON.stringify(after) ? undefined : after;
}

function recordDifference(before: Json, after: Json): unknown {
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((key) => [key, key in after ? difference(before[key], after[key]) : removed] as const)
    .filter(([, value]) => value !== undefined);
  return changed.length === 0 ? undefined : Object.fromEntries(changed);
}

function namedDifference(before: readonly Named[], after: readonly Named[]): unknown {
  const kept = namesOf(after).filter((name) => namesOf(before).includes(name));
  const keptBefore = namesOf(before).filter((name) => namesOf(after).includes(name));
  if (kept.join('\n') !== keptBefore.join('\n')) return after;
  const byName = (list: readonly Named[]): Json => Object.fromEntries(list.map((item) => [item.name, item]));
  return recordDifference(byName(before), byName(after));
}

function namesOf(list: readonly Named[]): readonly string[] {
  return list.map(({ name }) => name);
}

/** Each has a name of its own. */
function areNamed(value: unknown): value is readonly Named[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  const names = value.map((item: unknown) => (isRecord(item) ? item['name'] : undefined));
  return names.every((name) => typeof name === 'string') && new Set(names).size === names.length;
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
