// Labels: which things a selector selects, found without looking at all of them.
import type { LabelSelector } from '../objects/objects.ts';

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

/** Costs one entry for each label of each item; a selection looks only at the items that bear its rarest label. */
export function indexByLabels<T extends Labelled>(items: readonly T[]): LabelIndex<T> {
  const byNamespace = new Map<string, T[]>();
  const byLabel = new Map<string, T[]>();
  for (const item of items) {
    append(byNamespace, item.namespace, item);
    for (const [key, value] of Object.entries(item.labels))
      append(byLabel, labelKey(item.namespace, key, value), item);
  }
  return {
    select(namespace, labels) {
      const candidates = Object.entries(labels).map(
        ([key, value]) => byLabel.get(labelKey(namespace, key, value)) ?? [],
      );
      const fewest = candidates.reduce(
        (least, list) => (list.length < least.length ? list : least),
        byNamespace.get(namespace) ?? [],
      );
      return fewest.filter((item) => matchesLabels(labels, item.labels));
    },
  };
}

/** Adds to the list under the key. */
export function append<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

function labelKey(namespace: string, key: string, value: string): string {
  return JSON.stringify([namespace, key, value]);
}
