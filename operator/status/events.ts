// Which Events tell of a new status: one for each condition that changed. Pure. Entry: eventsOf.
import type { Condition } from '../../api/v1alpha1/common.ts';
import { conditionType, reason } from '../conditions/conditions.ts';
import type { ObjectStatus } from '../ports/platform.ts';
import type { WorkloadEvent } from '../ports/workload-port.ts';

/** previous: null if the object had no status. */
export function eventsOf(previous: ObjectStatus | null, next: ObjectStatus): readonly WorkloadEvent[] {
  const before = new Map(previous?.conditions.map((condition) => [condition.type, condition]));
  const changed = next.conditions.filter((condition) => isNews(before.get(condition.type), condition));
  const present = new Set(next.conditions.map(({ type }) => type));
  const ended = [...before.keys()].filter((type) => remarks.has(type) && !present.has(type));
  return [...changed.map(eventOf), ...ended.map(endOf)];
}

/**
 * What is still to come is none, nor is that all is well from the beginning; but that a new generation is obeyed is what somebody
 * waits for.
 */
function isNews(before: Condition | undefined, now: Condition): boolean {
  // That something is not accepted is told by the condition that says why.
  if (now.reason === reason.pending || now.reason === reason.notAccepted) return false;
  const isObeyed = now.type === conditionType.programmed;
  if (before === undefined) return isObeyed || !isGood(now);
  const isSame = before.status === now.status && before.reason === now.reason;
  return !isSame || (isObeyed && before.observedGeneration !== now.observedGeneration);
}

/** Of these it is good if they are not there. */
const remarks: ReadonlySet<string> = new Set([
  conditionType.overridden,
  conditionType.warning,
  conditionType.wouldRefuse,
]);

/** To be overridden may be intended, and a root is rotated in steps; whatever is not so has its own reason. */
const usual: ReadonlySet<string> = new Set([
  reason.overridden,
  reason.prepare,
  reason.trustBoth,
  reason.switch,
  reason.retire,
  reason.aborting,
  reason.aborted,
]);

function isGood({ type, status }: Condition): boolean {
  return (status === 'True') !== remarks.has(type);
}

function eventOf(condition: Condition): WorkloadEvent {
  const isNormal = isGood(condition) || usual.has(condition.reason);
  return { type: isNormal ? 'Normal' : 'Warning', reason: condition.reason, message: condition.message };
}

function endOf(type: string): WorkloadEvent {
  return { type: 'Normal', reason: `${type}Ended`, message: `The condition ${type} no longer applies.` };
}
