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
  return (key, ...rest) => {
    const found = known.get(key);
    if (found !== undefined && sameItems(found.rest, rest)) return found.result;
    const result = compute(key, ...rest);
    known.set(key, { rest, result });
    return result;
  };
}

/** For each key the result for its last inputs. */
export interface KeyedMemory<R> {
  get(key: string, inputs: readonly unknown[], compute: () => R): R;
  /** Forgets keys that were not asked for since the last sweep. */
  sweep(): void;
  has(key: string): boolean;
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
      items.set(key, { inputs, result, round });
      return result;
    },
    has: (key) => items.has(key),
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
  return a === b || (a.length === b.length && a.every((item, index) => item === b[index]));
}
