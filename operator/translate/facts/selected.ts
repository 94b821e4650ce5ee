// Which workloads something of the Mesh is about: all, or those of some namespaces or with some labels.
import { type Labels, matchesLabels } from '../../values/labels.ts';
import type { Workload } from './workload.ts';

interface Selecting {
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly selector: { readonly matchLabels: Labels };
}

export function isForAll({ namespaces, selector }: Selecting): boolean {
  return namespaces.length === 0 && Object.keys(selector.matchLabels).length === 0;
}

export function isSelected(
  { namespaces, selector }: Selecting,
  { namespace, labels }: Pick<Workload, 'namespace' | 'labels'>,
): boolean {
  return (
    (namespaces.length === 0 || namespaces.includes(namespace)) && matchesLabels(selector.matchLabels, labels)
  );
}
