// What one proxy is to have: for each type a stack of layers, shared with every proxy of the same layers.
// Pure. A change of view costs what changed: layers keep their identity, and each pair is compared once.
import type { TypeUrl } from './proto/type-urls.ts';
import type { LayerId } from './resources/xds-resource.ts';
import type { Entry, Layer, Snapshot, TypeLayer } from './snapshot-types.ts';

/** The layers of one type, in order. A name is in one of them only. */
export type Stack = readonly TypeLayer[];

export const emptyStack: Stack = [];

export interface View {
  readonly layers: readonly LayerId[];
  readonly stacks: ReadonlyMap<TypeUrl, Stack>;
}

/** A view, and those with one layer more. */
interface Floor {
  readonly view: View;
  readonly id: LayerId;
  above: WeakMap<Layer, Floor> | null;
}

const ground: Floor = { view: { layers: [], stacks: new Map() }, id: '', above: null };

/** The view of a list of layers. As long as none of them changes it is the same object, from one snapshot to the next; so is each stack. */
export function viewOf(snapshot: Snapshot, layers: readonly LayerId[]): View {
  let floor = ground;
  for (const id of layers) {
    const layer = snapshot.layers.get(id);
    if (layer !== undefined) floor = floorAbove(floor, id, layer);
  }
  return floor.view;
}

function floorAbove(floor: Floor, id: LayerId, layer: Layer): Floor {
  floor.above ??= new WeakMap();
  const known = floor.above.get(layer);
  if (known?.id === id) return known;
  const stacks = new Map(floor.view.stacks);
  for (const [typeUrl, it] of layer) stacks.set(typeUrl, onTopOf(stacks.get(typeUrl) ?? emptyStack, it));
  const next = { view: { layers: [...floor.view.layers, id], stacks }, id, above: null };
  floor.above.set(layer, next);
  return next;
}

const taller = new WeakMap<Stack, WeakMap<TypeLayer, Stack>>();

/** The stack with one layer more: always the same object, so that equal stacks are found equal at a glance. */
function onTopOf(stack: Stack, layer: TypeLayer): Stack {
  let known = taller.get(stack);
  if (known === undefined) taller.set(stack, (known = new WeakMap()));
  let result = known.get(layer);
  if (result === undefined) known.set(layer, (result = [...stack, layer]));
  return result;
}

/** Nothing a proxy could see differs. */
export function sameView(a: View | null, b: View): boolean {
  if (a === b) return true;
  if (a === null || a.stacks.size !== b.stacks.size) return false;
  for (const [typeUrl, stack] of b.stacks)
    if (!sameStack(a.stacks.get(typeUrl) ?? emptyStack, stack)) return false;
  return true;
}

export function stackOf(view: View | null, typeUrl: TypeUrl): Stack {
  return view?.stacks.get(typeUrl) ?? emptyStack;
}

export function lookup(stack: Stack, name: string): Entry | undefined {
  for (const layer of stack) {
    const entry = layer.entries.get(name);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

export function* entriesOf(stack: Stack): Generator<Entry> {
  for (const layer of stack) yield* layer.entries.values();
}

export function sizeOf(stack: Stack): number {
  return stack.reduce((sum, layer) => sum + layer.entries.size, 0);
}

export function sameStack(a: Stack, b: Stack): boolean {
  return a === b || (a.length === b.length && a.every((layer, index) => layer === b[index]));
}

/** Names that are in one stack only, or at another version. */
export function changedNames(from: Stack, to: Stack): readonly string[] {
  if (sameStack(from, to)) return [];
  const left = from.filter((layer) => !to.includes(layer));
  const right = to.filter((layer) => !from.includes(layer));
  const [a, b] = [left[0], right[0]];
  if (left.length === 1 && right.length === 1 && a !== undefined && b !== undefined)
    return changedInLayer(a, b);
  return compare(entriesByName(left), entriesByName(right));
}

// Many proxies move from the same layer to the same next one: the pair is compared once for all of them.
const compared = new WeakMap<TypeLayer, WeakMap<TypeLayer, readonly string[]>>();

function changedInLayer(from: TypeLayer, to: TypeLayer): readonly string[] {
  let targets = compared.get(from);
  if (targets === undefined) compared.set(from, (targets = new WeakMap()));
  let names = targets.get(to);
  if (names === undefined) targets.set(to, (names = compare(from.entries, to.entries)));
  return names;
}

function compare(from: ReadonlyMap<string, Entry>, to: ReadonlyMap<string, Entry>): readonly string[] {
  const names: string[] = [];
  for (const [name, entry] of to) {
    const other = from.get(name);
    if (other !== entry && other?.version !== entry.version) names.push(name);
  }
  for (const name of from.keys()) if (!to.has(name)) names.push(name);
  return names;
}

function entriesByName(layers: Stack): ReadonlyMap<string, Entry> {
  if (layers.length === 1 && layers[0] !== undefined) return layers[0].entries;
  const all = new Map<string, Entry>();
  for (const entry of entriesOf(layers)) all.set(entry.name, entry);
  return all;
}
