// Labels: which things a selector selects, found without looking at all of them.
import type { LabelSelector } from '../objects/objects.ts';
import { sameItems } from './remember.ts';

export type Labels = Readonly<Record<string, string>>;

interface Labelled {
  readonly namespace: string;
  readonly labels: Labels;
}

/** All pairs must be there; no pairs match everything. */
export function matchesLabels(wanted: Labels, labels: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => hasLabel(labels, key) && labels[key] === value);
}

/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements */
export function matchesSelector(selector: LabelSelector, labels: Labels): boolean {
  return (
    matchesLabels(selector.matchLabels ?? {}, labels) &&
    (selector.matchExpressions ?? []).every((expression) => matchesExpression(expression, labels))
  );
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number];

function matchesExpression({ key, operator, values = [] }: Expression, labels: Labels): boolean {
  const value = hasLabel(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

function hasLabel(labels: Labels, key: string): boolean {
  return Object.hasOwn(labels, key);
}

export interface LabelIndex<T> {
  /** In the order they were given. No pairs select the whole namespace. */
  select(namespace: string, labels: Labels): readonly T[];
}

/**
 * Costs one entry for each label of each item of the namespaces in which something changed; a selection looks only at the items that bear
 * its rarest label.
 */
export function createLabelIndexer<T extends Labelled>(): (items: readonly T[]) => LabelIndex<T> {
  let last: ReadonlyMap<string, NamespaceIndex<T>> = new Map();
  return (items) => {
    const byNamespace = new Map<string, NamespaceIndex<T>>();
    for (const [namespace, own] of Map.groupBy(items, (item) => item.namespace)) {
      const before = last.get(namespace);
      const isSame = before !== undefined && sameItems(before.items, own);
      byNamespace.set(namespace, isSame ? before : { items: own, byLabel: itemsByLabel(own) });
    }
    last = byNamespace;
    return { select: (namespace, labels) => selectFrom(byNamespace.get(namespace), labels) };
  };
}

interface NamespaceIndex<T> {
  readonly items: readonly T[];
  /** Key → value → the items that bear it. */
  readonly byLabel: ReadonlyMap<string, ReadonlyMap<string, readonly T[]>>;
}

function itemsByLabel<T extends Labelled>(items: readonly T[]): NamespaceIndex<T>['byLabel'] {
  const byLabel = new Map<string, Map<string, T[]>>();
  for (const item of items)
    for (const [key, value] of Object.entries(item.labels)) {
      const byValue = byLabel.get(key) ?? new Map<string, T[]>();
      byLabel.set(key, byValue);
      append(byValue, value, item);
    }
  return byLabel;
}

function selectFrom<T extends Labelled>(index: NamespaceIndex<T> | undefined, labels: Labels): readonly T[] {
  if (index === undefined) return [];
  let fewest = index.items;
  for (const [key, value] of Object.entries(labels)) {
    const bearers = index.byLabel.get(key)?.get(value) ?? [];
    if (bearers.length < fewest.length) fewest = bearers;
  }
  return fewest.filter((item) => matchesLabels(labels, item.labels));
}

/** Adds to the list under the key. */
export function append<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
