// Specs with one thing spoilt, to compare how two judges look at them.
import * as fc from 'fast-check';

type Key = string | number;

/** The spec as it is, or with one of its values replaced, taken out, or joined by a stranger. */
export function mutated(spec: object): fc.Arbitrary<object> {
  // Strings of what regular expressions, durations, addresses, names and label keys are made of.
  const alphabets = [
    '()[]{}|?*+^$\\abdDwpPnN:=<>!i,12'.split(''),
    '019.hms-'.split(''),
    ':.01fF%['.split(''),
    'aZ0-._/'.split(''),
  ];
  const texts = alphabets.map((letters) => fc.string({ unit: fc.constantFrom(...letters), maxLength: 10 }));
  const junk = fc.oneof(
    ...texts,
    fc.constantFrom('', 'a', 'A', '/', '*', '0s', '3', 'a b', '(', 'v9', 'x'.repeat(70)),
    fc.constantFrom(-1, 0, 1, 0.5, 101, 70_000, 2_000_000),
    fc.constantFrom<unknown>(true, {}, [], [{}], { a: 'b' }, ['a', 'a']),
  );
  const place = fc.constantFrom(...places(spec));
  return fc.oneof(
    fc.constant(spec),
    fc.tuple(place, junk).map(([where, value]) => edited(spec, where, () => value)),
    place.map((where) => edited(spec, where, () => undefined)),
    place.map((where) => edited(spec, where, () => null)),
    fc
      .tuple(place, junk)
      .map(([where, value]) => edited(spec, [...where.slice(0, -1), 'stranger'], () => value)),
    place.map((where) => edited(spec, where, (list) => (Array.isArray(list) ? [...list, ...list] : list))),
  );
}

function places(value: unknown, path: readonly Key[] = []): (readonly Key[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys: readonly Key[] = Array.isArray(value) ? value.map((_, i) => i) : Object.keys(value);
  const below = keys.flatMap((key) => places(Reflect.get(value, key), [...path, key]));
  return path.length === 0 ? below : [path, ...below];
}

function edited(spec: object, path: readonly Key[], edit: (value: unknown) => unknown): object {
  const copy = structuredClone(spec);
  let parent: object = copy;
  for (const key of path.slice(0, -1)) parent = Reflect.get(parent, key);
  const last = path.at(-1) ?? '';
  const value = edit(Reflect.get(parent, last));
  if (value !== undefined) Reflect.set(parent, last, value);
  else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else Reflect.deleteProperty(parent, last);
  return copy;
}
