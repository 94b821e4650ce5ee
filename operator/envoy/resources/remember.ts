// Same input object, same output object: what did not change is neither built nor compared again further on.

/** One result for each object, and the last arguments beside it; forgotten with the object. */
export function remember<K extends object, A extends readonly unknown[], R>(
  build: (key: K, ...rest: A) => R,
): (key: K, ...rest: A) => R {
  const known = new WeakMap<K, { readonly rest: A; readonly result: R }>();
  return (key, ...rest) => {
    const found = known.get(key);
    if (found !== undefined && same(found.rest, rest)) return found.result;
    const result = build(key, ...rest);
    known.set(key, { rest, result });
    return result;
  };
}

/** The result for the last arguments. */
export function rememberLast<A extends readonly unknown[], R>(build: (...args: A) => R): (...args: A) => R {
  let last: { readonly args: A; readonly result: R } | null = null;
  return (...args) => {
    if (last === null || !same(last.args, args)) last = { args, result: build(...args) };
    return last.result;
  };
}

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
