// What one proxy is to have: for each type a stack of layers, shared with every proxy of the same layers.
// Pure. A change of view costs what changed: layers keep their identity, and each pair is compared once.
import { allTypes, PerType } from './per-type.ts';
import type { TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { LayerId } from '../../envoy/resources/xds-resource.ts';
import type { Entry, Layer, Snapshot, TypeLayer } from '../snapshot/types.ts';

/** The layers of one type, in order. A name is in one of them only. */
export type Stack = readonly TypeLayer[];

export const emptyStack: Stack = [];

export interface View {
  readonly layers: readonly LayerId[];
  readonly stacks: PerType<Stack>;
}

/** The view of layers that many proxies share, and the views that extend it by one layer. */
interface SharedView {
  readonly view: View;
  readonly id: LayerId;
  extensions: WeakMap<Layer, SharedView> | null;
}

/** A proxy's view: its last layer is its own. */
interface ProxyView extends View {
  readonly shared: SharedView;
  readonly own: Layer;
}

const emptyView: SharedView = { view: { layers: [], stacks: PerType.none() }, id: '', extensions: null };

/**
 * The view of a list of layers, the last of which is one proxy's own. As long as none of them changes it is `before`, from one
 * snapshot to the next; what did not change in it is the same object in any case.
 */
export function viewOf(snapshot: Snapshot, layers: readonly LayerId[], before: View | null = null): View {
  const shared = sharedViewOf(snapshot, layers.slice(0, -1));
  const own = snapshot.layers.get(layers.at(-1) ?? '');
  if (own === undefined) return shared.view;
  const last = before !== null && isViewOf(before, own) ? before : null;
  if (last?.shared === shared && last.layers === layers) return last;
  const stacks = (last === null ? null : moved(last, shared)) ?? withLayer(shared.view.stacks, own);
  const view: ProxyView = { layers, stacks, shared, own };
  return view;
}

function isViewOf(view: View, own: Layer): view is ProxyView {
  return 'own' in view && view.own === own;
}

function sharedViewOf(snapshot: Snapshot, layers: readonly LayerId[]): SharedView {
  let shared = emptyView;
  for (const id of layers) {
    const layer = snapshot.layers.get(id);
    if (layer !== undefined) shared = extended(shared, id, layer);
  }
  return shared;
}

function extended(shared: SharedView, id: LayerId, layer: Layer): SharedView {
  shared.extensions ??= new WeakMap();
  const known = shared.extensions.get(layer);
  if (known?.id === id) return known;
  const view = { layers: [...shared.view.layers, id], stacks: withLayer(shared.view.stacks, layer) };
  const next = { view, id, extensions: null };
  shared.extensions.set(layer, next);
  return next;
}

function withLayer(stacks: PerType<Stack>, layer: Layer): PerType<Stack> {
  let all = stacks;
  for (const [typeUrl, it] of layer) all = all.with(typeUrl, push(all.get(typeUrl) ?? emptyStack, it));
  return all;
}

/** The stacks of a view whose own layer did not change: at the cost of the types that did. null: a type came or went. */
function moved(view: ProxyView, shared: SharedView): PerType<Stack> | null {
  const from = view.shared.view.stacks;
  const to = shared.view.stacks;
  if (from.size !== to.size) return null;
  let { stacks } = view;
  for (const typeUrl of allTypes) {
    const stack = to.get(typeUrl);
    if (stack === from.get(typeUrl)) continue;
    if (stack === undefined) return null;
    const own = view.own.get(typeUrl);
    stacks = stacks.with(typeUrl, own === undefined ? stack : push(stack, own));
  }
  return stacks;
}

const extendedBy = new WeakMap<Stack, WeakMap<TypeLayer, Stack>>();

/** The stack with one layer more: always the same object, so that equal stacks are found equal at a glance. */
function push(stack: Stack, layer: TypeLayer): Stack {
  let known = extendedBy.get(stack);
  if (known === undefined) extendedBy.set(stack, (known = new WeakMap()));
  let result = known.get(layer);
  if (result === undefined) known.set(layer, (result = [...stack, layer]));
  return result;
}

/** Nothing a proxy could see differs. */
export function sameView(a: View | null, b: View): boolean {
  if (a === b) return true;
  if (a === null || a.stacks.size !== b.stacks.size) return false;
  return allTypes.every((typeUrl) => sameStack(stackOf(a, typeUrl), stackOf(b, typeUrl)));
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
  const [a, b] = onlyDifference(from, to);
  if (a !== undefined && b !== undefined) return changedInLayer(a, b);
  if (sameStack(from, to)) return [];
  const left = from.filter((layer) => !to.includes(layer));
  const right = to.filter((layer) => !from.includes(layer));
  return compare(entriesByName(left), entriesByName(right));
}

/** The layer in whose place another one stands, and that one, if all the others are the same. */
function onlyDifference(from: Stack, to: Stack): readonly (TypeLayer | undefined)[] {
  const place = from.findIndex((layer, index) => layer !== to[index]);
  const isOnly = from.length === to.length && from.every((it, index) => index === place || it === to[index]);
  return isOnly ? [from[place], to[place]] : [];
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
