// Verdicts: the conditions that translation sets on each object, in sentences that say what to do.
import { isMeshwrightKind } from '../../../api/v1alpha1/kinds.ts';
import { type Origin, originKey } from '../../ir/origin.ts';
import {
  type ConditionDraft,
  conditionType,
  type Reason,
  reason,
  type Verdict,
} from '../../conditions/conditions.ts';
import { refKey } from '../../objects/objects.ts';
import type { Rejection } from '../../store/resources.ts';
import { byText } from '../../values/compare-text.ts';

/** Why an object is not accepted, a reference does not resolve, or what there is to warn of. */
export interface Problem {
  readonly reason: Reason;
  /** Full sentences. */
  readonly message: string;
}

/** True with the notes (full sentences) if there is no problem; else False with the first problem's reason and every message. */
export function acceptedCondition(problems: readonly Problem[], notes: readonly string[]): ConditionDraft {
  const [first] = problems;
  if (first === undefined) {
    return {
      type: conditionType.accepted,
      status: 'True',
      reason: reason.accepted,
      message: inOneText(['Accepted.', ...notes]),
    };
  }
  const message = inOneText([...problems.map((problem) => problem.message), ...notes]);
  return { type: conditionType.accepted, status: 'False', reason: first.reason, message };
}

/**
 * False with the first problem's reason and every message. conflicts: on references that lead to what belongs to others, as full
 * sentences.
 */
export function resolvedRefsCondition(
  problems: readonly Problem[],
  conflicts: readonly string[] = [],
): ConditionDraft {
  const [first] = problems;
  if (first === undefined && conflicts.length === 0) {
    return {
      type: conditionType.resolvedRefs,
      status: 'True',
      reason: reason.resolvedRefs,
      message: 'All references are resolved.',
    };
  }
  return {
    type: conditionType.resolvedRefs,
    status: 'False',
    reason: first?.reason ?? reason.conflicted,
    message: inOneText([...problems.map(({ message }) => message), ...conflicts]),
  };
}

/** The condition Warning, for an object that is in effect as it is written; none if there is nothing to warn of. */
export function warningCondition(warnings: readonly Problem[]): readonly ConditionDraft[] {
  const [first] = warnings;
  if (first === undefined) return [];
  const message = inOneText(warnings.map((warning) => warning.message));
  return [{ type: conditionType.warning, status: 'True', reason: first.reason, message }];
}

/** Each sentence once: several targets may have the same problem. */
function inOneText(sentences: readonly string[]): string {
  return [...new Set(sentences)].join(' ');
}

/** For an object that waits for a Mesh. */
export function verdictWithoutMesh(origin: Origin): Verdict {
  const accepted = acceptedCondition(
    [{ reason: reason.targetNotFound, message: 'No Mesh is in force. Create a Mesh.' }],
    [],
  );
  return {
    origin,
    conditions: [accepted, unresolved('References are not checked until a Mesh is in force.')],
  };
}

/** Puts refusals of the schema over what was said of the last valid versions, and sorts by kind, namespace, name. */
export function withRejections(
  verdicts: readonly Verdict[],
  rejections: readonly Rejection[],
): readonly Verdict[] {
  const byKey = new Map(verdicts.map((verdict) => [originKey(verdict.origin), verdict]));
  for (const rejection of rejections) {
    if (!isMeshwrightKind(rejection.ref.kind)) continue;
    const key = refKey(rejection.ref);
    byKey.set(key, rejectedVerdict(rejection, byKey.get(key)));
  }
  return [...byKey.values()].toSorted(compareVerdicts);
}

function rejectedVerdict(rejection: Rejection, lastGood: Verdict | undefined): Verdict {
  const { kind, namespace, name } = rejection.ref;
  const { instead = rejection.lastGoodInForce ? 'The last valid version stays in force.' : undefined } =
    rejection;
  const notes = instead === undefined ? [] : [instead];
  const accepted = acceptedCondition(
    [{ reason: reason.invalid, message: rejection.problems.join(' ') }],
    notes,
  );
  const others = lastGood?.conditions.filter((condition) => condition.type !== conditionType.accepted);
  const unknown =
    kind === 'Mesh'
      ? []
      : [unresolved('References are not checked until the object is valid. See the Accepted condition.')];
  return {
    origin: { kind, namespace, name, generation: rejection.generation },
    conditions: [accepted, ...(others ?? unknown)],
    overriddenBy: lastGood?.overriddenBy ?? [],
  };
}

function unresolved(message: string): ConditionDraft {
  return { type: conditionType.resolvedRefs, status: 'Unknown', reason: reason.pending, message };
}

function compareVerdicts(a: Verdict, b: Verdict): number {
  return (
    byText<Verdict>(({ origin }) => origin.kind)(a, b) ||
    byText<Verdict>(({ origin }) => origin.namespace)(a, b) ||
    byText<Verdict>(({ origin }) => origin.name)(a, b)
  );
}

/** `a, b and 3 more`: at most `max` of them, so that a message stays readable. */
export function listed(items: readonly string[], max = 5): string {
  if (items.length <= max) return items.join(', ');
  return `${items.slice(0, max).join(', ')} and ${items.length - max} more`;
}
