// Programmed: whether the proxies obey an object, from how they stand to it. Pure. What it says is in programmed-messages.ts.
import { originKey, type Origin } from '../ir/origin.ts';
import type { Snapshot } from '../xds/snapshot/types.ts';
import { type ConditionDraft, conditionType, type Reason, reason } from '../conditions/conditions.ts';
import { type Reference, referencesIn } from './references.ts';
import type { AckIndex, AckState } from './ack-index.ts';
import type { SpecifiedOf } from './blame.ts';
import * as messages from './programmed-messages.ts';

export interface Programmed {
  readonly condition: ConditionDraft;
  /** Proxies that obey this generation and nothing of an earlier one, of those that the object concerns. */
  readonly programmed: number;
  readonly total: number;
}

/** What is published, and how the proxies stand to it; null until the first publication. */
export type Published = {
  readonly snapshot: Snapshot;
  readonly acks: AckIndex;
  /** Asked only once something is refused. */
  readonly specifiedOf: SpecifiedOf;
} | null;

export interface Judgement {
  /** What translation says of this generation. */
  readonly isAccepted: boolean;
  /** It was Programmed at this generation before. */
  readonly isProven: boolean;
}

export function programmedOf(
  origin: Origin,
  { isAccepted, isProven }: Judgement,
  published: Published,
): Programmed {
  if (published === null) {
    const type = conditionType.programmed;
    const message = messages.nothingPublished;
    return isAccepted
      ? { condition: { type, status: 'Unknown', reason: reason.pending, message }, programmed: 0, total: 0 }
      : no(
          0,
          reason.notAccepted,
          messages.notAccepted(origin, undefined, undefined, () => undefined),
        );
  }
  const { snapshot, acks, specifiedOf } = published;
  const references = referencesIn(snapshot);
  const reference = references.objects.get(originKey(origin));
  const state = acks.of(origin, isProven);
  const { total } = state;

  if (!isAccepted)
    return no(total, reason.notAccepted, messages.notAccepted(origin, reference, state, specifiedOf));
  const [invalid, ...others] = references.invalid.get(originKey(origin)) ?? [];
  if (invalid !== undefined) {
    const alike = others.filter(({ message }) => message === invalid.message).length;
    const message = messages.invalidOutput(origin, { invalid, alike }, snapshot, specifiedOf);
    return no(total, reason.invalidOutput, message);
  }
  if (total === 0) return no(total, reason.noProxies, messages.noProxies(origin));
  // What it shapes no more is gone from the snapshot; proxies may still run it.
  if (reference !== undefined && !isMadeFrom(reference, origin)) {
    return no(total, reason.pending, messages.notPublished(origin));
  }
  return acknowledged(origin, state, specifiedOf);
}

function isMadeFrom(reference: Reference, { generation }: Origin): boolean {
  return reference.oldest === generation && reference.newest === generation;
}

/** For what is published and checked: only the proxies' answers count. What is known outranks what is not. */
function acknowledged(origin: Origin, state: AckState, specifiedOf: SpecifiedOf): Programmed {
  const { total, rejection, lagging, away, lost, unknown } = state;
  const counts = { programmed: messages.obeying(state), total };
  const because = (status: 'True' | 'False' | 'Unknown', why: Reason, message: string): Programmed => {
    return { condition: { type: conditionType.programmed, status, reason: why, message }, ...counts };
  };
  if (rejection !== undefined)
    return because('False', reason.rejected, messages.rejected(origin, state, rejection, specifiedOf));
  if (messages.refusedInstead(state) !== undefined)
    return because('False', reason.rejected, messages.keptRunning(state, specifiedOf));
  if (lagging > unknown) return because('False', reason.pending, messages.pending(origin, state));
  // Whom nobody within reach obeys is not proven at all.
  if (away > 0 || lost === total)
    return because('Unknown', reason.unreachable, messages.unreachable(origin, state));
  if (lagging > 0) return because('Unknown', reason.pending, messages.returning(origin, state));
  return because('True', reason.programmed, messages.acknowledged(origin, state));
}

function no(total: number, why: Reason, message: string): Programmed {
  return {
    condition: { type: conditionType.programmed, status: 'False', reason: why, message },
    programmed: 0,
    total,
  };
}
