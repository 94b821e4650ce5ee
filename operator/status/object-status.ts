// Comparing statuses, and carrying lastTransitionTime from one to the next. Pure.
import type { Condition } from '../../api/v1alpha1/common.ts';
import type { ObjectStatus } from '../ports/platform.ts';
import type { ObjectRef } from '../objects/objects.ts';
import { isSameValue } from '../values/same-value.ts';
import { type ConditionDraft, type ConditionType, conditionType } from '../conditions/conditions.ts';
import type { Origin } from '../ir/origin.ts';

/** The status that an object is to have. */
export interface StatusUpdate {
  readonly ref: ObjectRef;
  readonly status: ObjectStatus;
}

/** What the schema of a condition admits, in characters. */
const maxMessageLength = 32_768;

const order: readonly ConditionType[] = Object.values(conditionType);

/** As they are written, in a fixed order: `origin` has the generation that they speak of, `now` is a timestamp. */
export function conditionsOf(
  drafts: readonly ConditionDraft[],
  { generation }: Origin,
  now: string,
): Condition[] {
  return drafts
    .toSorted((a, b) => order.indexOf(a.type) - order.indexOf(b.type))
    .map((draft) => conditionOf(draft, generation, now));
}

function conditionOf(draft: ConditionDraft, generation: number, now: string): Condition {
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
  return isSameValue(previous, continued) ? previous : continued;
}

function truncate(message: string): string {
  return message.length <= maxMessageLength ? message : `${message.slice(0, maxMessageLength - 1)}…`;
}
