// Same inputs, same result object: how a batch costs what it changed.
import { isSameValue } from './same-value.ts';

/** The result for the last arguments, as long as each is the same object. */
export function rememberLast<A extends readonly unknown[], R>(compute: (...args: A) => R): (...args: A) => R {
  let last: { readonly args: A; readonly result: R } | null = null;
  return (...args) => {
    if (last === null || !sameItems(last.args, args)) last = { args, result: compute(...args) };
    return last.result;
  };
}

/** For each object the result for the last arguments beside it; forgotten with the object. */
export function rememberEach<K extends object, A extends readonly unknown[], R>(
  compute: (key: K, ...rest: A) => R,
): (key: K, ...rest: A) => R {
  const known = new WeakMap<K, { readonly rest: A; readonly result: R }>();
  let lastRest: A | null = null;
  return (key, ...rest) => {
    const found = known.get(key);
    if (found !== undefined && sameItems(found.rest, rest)) return found.result;
    const result = compute(key, ...rest);
    // Thousands of objects have the same beside them: it is kept once.
    if (lastRest === null || !sameItems(lastRest, rest)) lastRest = rest;
    known.set(key, { rest: lastRest, result });
    return result;
  };
}

/**
 * For each item of a list what `compute` makes of it, as rememberEach, for lists that are long and differ in few places from the
 * one before: what stands where it stood is not looked up. The same list of results while all of them are the same.
 */
export function rememberItems<K extends object, A extends readonly unknown[], R>(
  compute: (item: K, ...rest: A) => R,
): (items: readonly K[], ...rest: A) => readonly R[] {
  const each = rememberEach(compute);
  let last: { readonly items: readonly K[]; readonly rest: A; readonly results: readonly R[] } | null = null;
  return (items, ...rest) => {
    if (last?.items === items && sameItems(last.rest, rest)) return last.results;
    const before = last !== null && sameItems(last.rest, rest) ? last : { items: [], results: [] };
    const results = items.map((item, index) =>
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- there is a result for each item
      before.items[index] === item ? (before.results[index] as R) : each(item, ...rest),
    );
    last = { items, rest, results: sameItems(before.results, results) ? before.results : results };
    return last.results;
  };
}

/** The last object again, as long as each field is the same. */
export function rememberFields<T extends object>(): (fields: T) => T {
  let last: T | null = null;
  return (fields) => {
    const isSame = last !== null && sameItems(Object.entries(last).flat(), Object.entries(fields).flat());
    if (last === null || !isSame) last = fields;
    return last;
  };
}

/** For each key the result for its last inputs. */
export interface KeyedMemory<R> {
  get(key: string, inputs: readonly unknown[], compute: () => R): R;
  /** Forgets keys that were not asked for since the last sweep. */
  sweep(): void;
  has(key: string): boolean;
  /** How many keys it knows. */
  size(): number;
  /** Forgets keys that the other memory does not have. */
  keep(other: Pick<KeyedMemory<unknown>, 'has'>): void;
}

export function rememberByKey<R>(): KeyedMemory<R> {
  interface Item {
    inputs: readonly unknown[];
    result: R;
    round: number;
  }
  const items = new Map<string, Item>();
  let round = 0;
  return {
    get(key, inputs, compute): R {
      const known = items.get(key);
      if (known !== undefined && sameItems(known.inputs, inputs)) {
        known.round = round;
        return known.result;
      }
      const computed = compute();
      // Other inputs, the same outcome: it stays the object that everybody has seen.
      const result = known !== undefined && isSameValue(known.result, computed) ? known.result : computed;
      // A list that grew item by item has room for many more.
      items.set(key, { inputs: inputs.slice(), result, round });
      return result;
    },
    has: (key) => items.has(key),
    size: () => items.size,
    keep(other): void {
      for (const key of items.keys()) if (!other.has(key)) items.delete(key);
    },
    sweep(): void {
      for (const [key, item] of items) if (item.round !== round) items.delete(key);
      round += 1;
    },
  };
}

export function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
