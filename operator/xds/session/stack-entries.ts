// All entries of a stack as one list, made of the lists of its layers, which every proxy of that layer shares: so what
// thousands of new streams are sent is put together, and encoded, once. Pure.
import { emptyStack, lookup, sizeOf, type Stack } from './view.ts';
import type { Subscription } from './subscription.ts';
import type { Entry, TypeLayer } from '../snapshot/types.ts';

type Entries = readonly Entry[];

const listed = new WeakMap<TypeLayer, Entries>();
const madeFrom = new WeakMap<Entries, Stack>();

/** In the order of the layers. The list of a single layer is the same object for everybody. */
export function allEntries(stack: Stack): Entries {
  const parts = stack.map(entriesOfLayer);
  const only = parts.length === 1 ? parts[0] : undefined;
  const all = only ?? parts.flat();
  madeFrom.set(all, stack);
  return all;
}

/** The stack of which `entries` is the whole; undefined if it was not made by allEntries. */
export function stackOfWhole(entries: Entries): Stack | undefined {
  return madeFrom.get(entries);
}

/** The lists that `entries` consists of: those of its layers, each the same object for everybody. undefined as above. */
export function partsOf(entries: Entries): readonly Entries[] | undefined {
  return madeFrom.get(entries)?.map(entriesOfLayer);
}

function entriesOfLayer(layer: TypeLayer): Entries {
  let entries = listed.get(layer);
  if (entries === undefined) {
    entries = [...layer.entries.values()];
    listed.set(layer, entries);
  }
  return entries;
}

const matched = new WeakMap<ReadonlySet<string>, { readonly stack: Stack; readonly isWhole: boolean }>();

/** Whether what is subscribed is just what the stack holds. Compared once for all streams that share the set of names. */
export function isWhole(subscription: Subscription, stack: Stack): boolean {
  if (subscription.wildcard) return true;
  const { names } = subscription;
  const known = matched.get(names);
  if (known?.stack === stack) return known.isWhole;
  const isAll = sizeOf(stack) === names.size && hasAll(stack, names);
  matched.set(names, { stack, isWhole: isAll });
  return isAll;
}

function hasAll(stack: Stack, names: ReadonlySet<string>): boolean {
  for (const name of names) if (lookup(stack, name) === undefined) return false;
  return true;
}

/** The entries of a stack by name, without a map of their own. */
export function entriesByName(stack: Stack): ReadonlyMap<string, Entry> {
  const [first] = stack;
  return stack.length === 1 && first !== undefined ? first.entries : new StackedEntries(stack);
}

class StackedEntries implements ReadonlyMap<string, Entry> {
  readonly size: number;
  private readonly stack: Stack;

  constructor(stack: Stack = emptyStack) {
    this.stack = stack;
    this.size = sizeOf(stack);
  }

  get(name: string): Entry | undefined {
    return lookup(this.stack, name);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  *entries(): MapIterator<[string, Entry]> {
    for (const layer of this.stack) yield* layer.entries;
  }

  *keys(): MapIterator<string> {
    for (const layer of this.stack) yield* layer.entries.keys();
  }

  *values(): MapIterator<Entry> {
    for (const layer of this.stack) yield* layer.entries.values();
  }

  [Symbol.iterator](): MapIterator<[string, Entry]> {
    return this.entries();
  }

  forEach(visit: (entry: Entry, name: string, map: ReadonlyMap<string, Entry>) => void): void {
    for (const [name, entry] of this) visit(entry, name, this);
  }
}
