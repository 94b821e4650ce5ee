// Programmed: whether the proxies obey an object, from how they stand to it. Pure. What it says is in programmed-messages.ts.
import { originKey, type Origin } from '../ir/origin.ts';
import type { Snapshot } from '../xds/snapshot/types.ts';
import { type ConditionDraft, conditionType, type Reason, reason } from '../conditions/conditions.ts';
import { type Reference, referencesIn } from './references.ts';
import type { AckIndex, AckState } from './ack-index.ts';
import * as messages from './programmed-messages.ts';

export interface Programmed {
  readonly condition: ConditionDraft;
  /** Proxies that obey this generation and nothing of an earlier one, of those that the object concerns. */
  readonly programmed: number;
  readonly total: number;
}

/** What is published, and how the proxies stand to it; null until the first publication. */
export type Published = { readonly snapshot: Snapshot; readonly acks: AckIndex } | null;

/** `accepted`: what translation says of this generation. */
export function programmedOf(origin: Origin, accepted: boolean, published: Published): Programmed {
  if (published === null) {
    return accepted
      ? no(0, reason.pending, messages.nothingPublished)
      : no(0, reason.notAccepted, messages.notAccepted(origin, undefined, undefined));
  }
  const { snapshot, acks } = published;
  const references = referencesIn(snapshot);
  const reference = references.objects.get(originKey(origin));
  const state = acks.of(origin);
  const { total } = state;

  if (!accepted) return no(total, reason.notAccepted, messages.notAccepted(origin, reference, state));
  const invalid = references.invalid.get(originKey(origin))?.[0];
  if (invalid !== undefined) {
    return no(total, reason.invalidOutput, messages.invalidOutput(origin, invalid, snapshot));
  }
  if (total === 0) return no(total, reason.noProxies, messages.noProxies(origin));
  // What it shapes no more is gone from the snapshot; proxies may still run it.
  if (reference !== undefined && !isMadeFrom(reference, origin)) {
    return no(total, reason.pending, messages.notPublished(origin));
  }
  return acknowledged(origin, state);
}

function isMadeFrom(reference: Reference, { generation }: Origin): boolean {
  return reference.oldest === generation && reference.newest === generation;
}

/** For what is published and checked: only the proxies' answers count. */
function acknowledged(origin: Origin, state: AckState): Programmed {
  const { total, rejection, lagging, unknown } = state;
  const programmed = total - lagging;
  const because = (why: Reason, message: string): Programmed => ({ ...no(total, why, message), programmed });
  if (rejection !== undefined) return because(reason.rejected, messages.rejected(origin, state, rejection));
  if (messages.refusedInstead(state) !== undefined)
    return because(reason.rejected, messages.keptRunning(state));
  if (lagging > unknown) return because(reason.pending, messages.pending(origin, state));
  if (lagging > 0) return { ...unknownYet(messages.returning(origin, state)), programmed, total };
  const message = messages.acknowledged(origin, state);
  const type = conditionType.programmed;
  return { condition: { type, status: 'True', reason: reason.programmed, message }, programmed, total };
}

function unknownYet(message: string): Pick<Programmed, 'condition'> {
  const type = conditionType.programmed;
  return { condition: { type, status: 'Unknown', reason: reason.pending, message } };
}

function no(total: number, why: Reason, message: string): Programmed {
  return {
    condition: { type: conditionType.programmed, status: 'False', reason: why, message },
    programmed: 0,
    total,
  };
}
