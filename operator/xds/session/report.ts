// What a session knows about its proxy's obedience: the source of every Programmed condition.
import { typeUrl as url, type TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { LaggingResource, RejectedResource } from './proxy-report.ts';
import { allTypes } from './per-type.ts';
import type { Entry } from '../snapshot/types.ts';
import { covers, subscribedOf } from './subscription.ts';
import { changedNames, entriesOf, lookup, sameStack, type Stack } from './view.ts';
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
  for (const typeUrl of view === null ? [] : allTypes) {
    const stack = view?.stacks.get(typeUrl);
    if (stack === undefined) continue;
    const state = session.types.get(typeUrl);
    if (!isAtRest(session, typeUrl)) atRest = false;
    const lacking = lackingOf(typeUrl, state, stack);
    // One by one: there may be more of them than a call takes arguments.
    for (const resource of lacking) lagging.push(resource);
    if (state !== undefined && state.quarantine.size > 0)
      rejected.push(...refused(lacking, state.quarantine, stack));
  }
  return { lagging, rejected, atRest };
}

/** Of a type that is not open nothing is to be sent or waited for. */
function isAtRest(session: Session, typeUrl: TypeUrl): boolean {
  if (!isOpen(session.open, typeUrl)) return true;
  return !session.types.get(typeUrl)?.inFlight && isNothing(pendingFor(session, typeUrl));
}

/** Those that lack their present version because they refused it. */
function refused(
  lacking: readonly LaggingResource[],
  quarantine: TypeState['quarantine'],
  stack: Stack,
): readonly RejectedResource[] {
  return lacking.flatMap((resource) => {
    const refusal = quarantine.get(resource.name);
    const isPresent = refusal !== undefined && refusal.version === lookup(stack, resource.name)?.version;
    return isPresent ? [{ ...resource, message: refusal.message }] : [];
  });
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

interface Lacking {
  readonly stack: Stack;
  readonly subscribed: ReturnType<typeof subscribedOf>;
  readonly lacking: readonly LaggingResource[];
}

/** By what they are behind with, which is one map for all streams that are behind with the same. */
const lackingBy = new WeakMap<TypeState['behind'], Lacking>();
const nothing: readonly LaggingResource[] = [];

function lackingOf(typeUrl: TypeUrl, state: TypeState | undefined, stack: Stack): readonly LaggingResource[] {
  if (state === undefined)
    return wholeTypes.includes(typeUrl)
      ? [...entriesOf(stack)].map((it) => resourceOf(typeUrl, it))
      : nothing;
  const { base, behind, asked, subscription } = state;
  if (base !== stack || asked.size > 0) return compared(typeUrl, state, stack);
  if (behind.size === 0) return nothing;
  const subscribed = subscribedOf(subscription);
  const known = lackingBy.get(behind);
  if (known?.stack === stack && known.subscribed === subscribed) return known.lacking;
  const lacking = compared(typeUrl, state, stack);
  lackingBy.set(behind, { stack, subscribed, lacking });
  return lacking;
}

function compared(typeUrl: TypeUrl, state: TypeState, stack: Stack): readonly LaggingResource[] {
  const names = new Set([...changedNames(state.base, stack), ...state.behind.keys(), ...state.asked]);
  return [...names].flatMap((name) => {
    const entry = lookup(stack, name);
    if (entry === undefined || !covers(state.subscription, name)) return [];
    const present = clientHas(state, name);
    return present.certain && present.version === entry.version ? [] : [resourceOf(typeUrl, entry)];
  });
}

function resourceOf(typeUrl: TypeUrl, { name, origins }: Entry): LaggingResource {
  return { typeUrl, name, origins };
}
