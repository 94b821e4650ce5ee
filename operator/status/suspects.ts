// The objects of which one is to blame when a resource is refused. Pure.
import { kindDefinition } from '../../api/v1alpha1/kinds.ts';
import { originKey, type Origin } from '../ir/origin.ts';

/** Whether it is an object of a kind that can be to blame. Not the Mesh: it would be a suspect each time. */
export function isSuspect({ kind }: Origin): boolean {
  const role = kindDefinition(kind)?.role;
  return role !== undefined && role !== 'settings';
}

/** `TrafficPolicy shop/reviews` */
export function objectName({ kind, namespace, name }: Omit<Origin, 'generation'>): string {
  return `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`;
}

/** `this object or TrafficPolicy shop/reviews`; `origin`: the object whose status says so, which is among `origins`. */
export function suspects(origin: Origin, origins: readonly Origin[]): string {
  const others = origins.filter((other) => originKey(other) !== originKey(origin));
  return ['this object', ...namesOf(others)].join(' or ');
}

/** `TrafficPolicy shop/reviews or TrafficPolicy shop/ratings`; for the status of an object that is not among `origins`. */
export function blamed(origins: readonly Origin[]): string {
  const names = namesOf(origins);
  return names.length > 0 ? names.join(' or ') : 'the Mesh';
}

function namesOf(origins: readonly Origin[]): readonly string[] {
  return origins.filter(isSuspect).slice(0, 3).map(objectName);
}
