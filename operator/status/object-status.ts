// Comparing statuses, and carrying lastTransitionTime from one to the next. Pure.
import type { Condition } from '../../api/v1alpha1/common.ts';
import type { ObjectStatus } from '../ports/platform.ts';
import type { ObjectRef } from '../objects/objects.ts';
import type { ConditionDraft } from '../conditions/conditions.ts';

/** The status that an object is to have. */
export interface StatusUpdate {
  readonly ref: ObjectRef;
  readonly status: ObjectStatus;
}

/** What the schema of a condition admits, in characters. */
const maxMessageLength = 32_768;

/** A condition as it is written: `generation` is the one it speaks of, `now` a timestamp. */
export function conditionOf(draft: ConditionDraft, generation: number, now: string): Condition {
  return {
    type: draft.type,
    status: draft.status,
    observedGeneration: generation,
    lastTransitionTime: now,
    reason: draft.reason,
    message: truncate(draft.message),
  };
}

/** To the second, like every time that Kubernetes writes. */
export function timestamp(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}

/**
 * `next`, where each condition whose status is that of `previous` keeps the time at which it last changed; and
 * `previous` itself if nothing differs, so that an unchanged status is known by its identity.
 */
export function continueStatus(previous: ObjectStatus | undefined, next: ObjectStatus): ObjectStatus {
  if (previous === undefined || previous === next) return next;
  const conditions = next.conditions.map((condition) => {
    const earlier = previous.conditions.find(({ type }) => type === condition.type);
    if (earlier === undefined || earlier.status !== condition.status) return condition;
    return { ...condition, lastTransitionTime: earlier.lastTransitionTime };
  });
  const continued = { ...next, conditions };
  return sameStatus(previous, continued) ? previous : continued;
}

export function sameStatus(a: ObjectStatus, b: ObjectStatus): boolean {
  return (
    a === b ||
    (a.conditions.length === b.conditions.length &&
      a.conditions.every((condition, index) => sameFields(condition, b.conditions[index])) &&
      sameFields(a.proxies, b.proxies) &&
      sameFields(a.certificates, b.certificates))
  );
}

/** Equality of two flat records, whatever the order of their keys; an absent key is equal to an undefined one. */
function sameFields(a: object | undefined, b: object | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && hasFieldsOf(a, b) && hasFieldsOf(b, a);
}

function hasFieldsOf(a: object, b: object): boolean {
  return Object.keys(b).every((key) => Reflect.get(a, key) === Reflect.get(b, key));
}

function truncate(message: string): string {
  return message.length <= maxMessageLength ? message : `${message.slice(0, maxMessageLength - 1)}…`;
}
