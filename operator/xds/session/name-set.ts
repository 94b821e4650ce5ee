// Sets of names that change a little at a time: a changed set shares nearly all of the one before, so that to subscribe to one name
// more costs the same whatever a stream holds. Pure. Entry: changedSet.

type Names = ReadonlySet<string>;

/** So many changes are kept beside a set before a set of its own is made: that is linear in its size, and done once in as many. */
const mostChanges = 512;

/** `names` with `add` and without `remove`; the same object if that changes nothing. No name is in both. */
export function changedSet(names: Names, add: Iterable<string>, remove: Iterable<string> = []): Names {
  const more = new Set([...add].filter((name) => !names.has(name)));
  const gone = new Set([...remove].filter((name) => names.has(name)));
  if (more.size + gone.size === 0) return names;
  const before = names instanceof ChangedSet ? names : { base: names, added: [], removed: [] };
  const [added, removed] = [new Set(before.added), new Set(before.removed)];
  for (const name of more) if (!removed.delete(name)) added.add(name);
  for (const name of gone) if (!added.delete(name)) removed.add(name);
  const changed = new ChangedSet(before.base, added, removed);
  return added.size + removed.size > mostChanges ? new Set(changed) : changed;
}

class ChangedSet implements Names {
  readonly base: Names;
  /** Not in the base. */
  readonly added: Names;
  /** All in the base. */
  readonly removed: Names;
  readonly size: number;

  constructor(base: Names, added: Names, removed: Names) {
    this.base = base;
    this.added = added;
    this.removed = removed;
    this.size = base.size + added.size - removed.size;
  }

  has(name: string): boolean {
    return this.added.has(name) || (this.base.has(name) && !this.removed.has(name));
  }

  *values(): SetIterator<string> {
    for (const name of this.base) if (!this.removed.has(name)) yield name;
    yield* this.added;
  }

  keys(): SetIterator<string> {
    return this.values();
  }

  *entries(): SetIterator<[string, string]> {
    for (const name of this.values()) yield [name, name];
  }

  [Symbol.iterator](): SetIterator<string> {
    return this.values();
  }

  forEach(visit: (name: string, same: string, set: Names) => void): void {
    for (const name of this.values()) visit(name, name, this);
  }
}
