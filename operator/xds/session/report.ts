// What a session knows about its proxy's obedience: the source of every Programmed condition.
import { typeUrl as url, type TypeUrl } from '../proto/type-urls.ts';
import type { LaggingResource, RejectedResource } from '../proxy-report.ts';
import { allTypes } from '../per-type.ts';
import type { Entry } from '../snapshot-types.ts';
import { covers } from '../subscription.ts';
import { changedNames, entriesOf, lookup, sameStack, type Stack } from '../view.ts';
import { isOpen } from './open-types.ts';
import { isNothing, pendingFor } from './order.ts';
import { canTellRemoval } from './pending.ts';
import { clientHas, type Session, type TypeState } from './state.ts';

export interface SessionReport {
  readonly lagging: readonly LaggingResource[];
  readonly rejected: readonly RejectedResource[];
  readonly atRest: boolean;
}

/** Types that every proxy subscribes to as a whole, sooner or later: what it has not asked for yet, it lacks. */
const wholeTypes: readonly TypeUrl[] = [url.cluster, url.listener, url.virtualHost];

export function reportOf(session: Session): SessionReport {
  const lagging: LaggingResource[] = [];
  const rejected: RejectedResource[] = [];
  // Who is held back has been told of nothing, and nobody needs a list of all it lacks.
  const view = session.isHeld ? null : session.view;
  let atRest = view !== null;
  for (const [typeUrl, stack] of view?.stacks ?? []) {
    const state = session.types.get(typeUrl);
    if (!isAtRest(session, typeUrl)) atRest = false;
    for (const { name, origins, version } of laggingEntries(typeUrl, state, stack)) {
      lagging.push({ typeUrl, name, origins });
      const refused = state?.quarantine.get(name);
      if (refused?.version === version) rejected.push({ typeUrl, name, origins, message: refused.message });
    }
  }
  return { lagging, rejected, atRest };
}

function isAtRest(session: Session, typeUrl: TypeUrl): boolean {
  return !session.types.get(typeUrl)?.inFlight && isNothing(pendingFor(session, typeUrl));
}

/** The proxy has acknowledged all there is for it. Cheap: nothing is compared. */
export function isCurrent(session: Session): boolean {
  if (session.view === null || session.types.size === 0) return false;
  const { stacks } = session.view;
  for (const typeUrl of allTypes) {
    const stack = stacks.get(typeUrl);
    const state = session.types.get(typeUrl);
    if (stack === undefined) continue;
    if (state === undefined) {
      if (wholeTypes.includes(typeUrl)) return false;
    } else if (!isOpen(session.open, typeUrl)) continue;
    else if (state.inFlight !== null || !sameStack(state.base, stack) || lacks(session, typeUrl, state)) {
      return false;
    }
  }
  return true;
}

/** Whether it is still to hear of something: what it lets go of by itself does not count. */
function lacks(session: Session, typeUrl: TypeUrl, state: TypeState): boolean {
  if (state.behind.size === 0) return false;
  const leavesUntold = typeUrl === url.endpoint || !canTellRemoval(session, typeUrl);
  return !leavesUntold || [...state.behind.keys()].some((name) => lookup(state.base, name) !== undefined);
}

function* laggingEntries(typeUrl: TypeUrl, state: TypeState | undefined, stack: Stack): Generator<Entry> {
  if (state === undefined) {
    if (wholeTypes.includes(typeUrl)) yield* entriesOf(stack);
    return;
  }
  for (const name of new Set([...changedNames(state.base, stack), ...state.behind.keys(), ...state.asked])) {
    const entry = lookup(stack, name);
    if (entry === undefined || !covers(state.subscription, name)) continue;
    const present = clientHas(state, name);
    if (!present.certain || present.version !== entry.version) yield entry;
  }
}
