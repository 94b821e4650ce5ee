// The objects of which one is to blame when a resource is refused. Pure.
import { kindDefinition } from '../../api/v1alpha1/kinds.ts';
import type { Origin } from '../ir/origin.ts';

/** Whether it is an object of a kind that can be to blame. Not the Mesh: it would be a suspect each time. */
export function isSuspect({ kind }: Origin): boolean {
  const role = kindDefinition(kind)?.role;
  return role !== undefined && role !== 'settings';
}

/** `TrafficPolicy shop/reviews` */
export function objectName({ kind, namespace, name }: Omit<Origin, 'generation'>): string {
  return `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`;
}
