// What a session knows about its proxy's obedience: the source of every Programmed condition.
import { typeUrl as url, type TypeUrl } from '../../envoy/proto/type-urls.ts';
import { formerOf, unsettledNames } from './former.ts';
import type { FormerResource, LaggingResource, RejectedResource } from './proxy-report.ts';
import { allTypes } from './per-type.ts';
import type { Entry } from '../snapshot/types.ts';
import { covers, subscribedOf } from './subscription.ts';
import {
  changedNames,
  emptyStack,
  entriesOf,
  lookup,
  sameStack,
  stackOf,
  type Stack,
  type View,
} from './view.ts';
import { anyName, isUnsaid } from './returning.ts';
import { isOpen } from './open-types.ts';
import { pendingFor } from './order.ts';
import { canTellRemoval, isNothing, leavesWithItsUser } from './pending.ts';
import { clientHas, type Session, type TypeState } from './state.ts';

export interface SessionReport {
  readonly lagging: readonly LaggingResource[];
  readonly rejected: readonly RejectedResource[];
  readonly former: readonly FormerResource[];
  readonly atRest: boolean;
}

/** Types that every proxy subscribes to as a whole, sooner or later: what it has not asked for yet, it lacks. */
const wholeTypes: readonly TypeUrl[] = [url.cluster, url.listener];

/**
 * Whether all of a type that the client has not asked for is something that it lacks. Envoy asks for virtual hosts before it
 * acknowledges the route configuration that needs them, and for that one before it acknowledges the listener: after these are at
 * rest it needs none. So a proxy without the listener, since it refused that, does not lack them for ever.
 */
function lacksUnasked(session: Session, typeUrl: TypeUrl): boolean {
  if (typeUrl !== url.virtualHost) return wholeTypes.includes(typeUrl);
  const hasListeners = session.types.get(url.listener)?.answered === true;
  return !hasListeners || !isAtRest(session, url.listener) || !isAtRest(session, url.route);
}

/**
 * `earlier`: the session of the client's last stream, followed to the same view. It stands for the types that the client has
 * not asked for on this one. null: there was none, or the client has begun anew.
 */
export function reportOf(session: Session, earlier: Session | null = null): SessionReport {
  const lagging: LaggingResource[] = [];
  const rejected: RejectedResource[] = [];
  const former: FormerResource[] = [];
  let atRest = session.view !== null && !session.isHeld;
  for (const typeUrl of allTypes) {
    const part = typeReport(sayingOf(session, earlier, typeUrl), typeUrl);
    if (!part.atRest) atRest = false;
    // One by one: there may be more of them than a call takes arguments.
    for (const resource of part.former) former.push(resource);
    for (const resource of part.lagging) lagging.push(resource);
    for (const resource of part.rejected) rejected.push(resource);
  }
  // Nobody needs a list of all it lacks.
  const isBlank = earlier === null && knowsNothing(session);
  return isBlank ? { lagging: [], rejected: [], former, atRest } : { lagging, rejected, former, atRest };
}

/** All that is in a view: of a proxy that cannot be given any of it. */
export function allOf({ stacks }: View): readonly LaggingResource[] {
  return allTypes.flatMap((typeUrl) =>
    [...entriesOf(stacks.get(typeUrl) ?? emptyStack)].map((it) => resourceOf(typeUrl, it)),
  );
}

/** Which of the two sessions knows what the client has of a type. */
function sayingOf(session: Session, earlier: Session | null, typeUrl: TypeUrl): Session {
  return earlier?.types.has(typeUrl) === true && !session.types.has(typeUrl) ? earlier : session;
}

function typeReport(session: Session, typeUrl: TypeUrl): SessionReport {
  const state = session.types.get(typeUrl);
  const stack = stackOf(session.view, typeUrl);
  const unsaid = isUnsaid(session, typeUrl) ? [{ typeUrl, name: anyName, origins: null }] : [];
  if (stack === emptyStack && state === undefined) return { ...nothingToReport, former: unsaid };
  const { lagging, former } = outdatedOf(session, typeUrl, stack);
  return {
    lagging,
    rejected: state === undefined ? [] : refused(lagging, state.quarantine, stack),
    former: unsaid.length === 0 ? former : [...unsaid, ...former],
    atRest: isAtRest(session, typeUrl),
  };
}

const nothingToReport: SessionReport = { lagging: [], rejected: [], former: [], atRest: true };

/** It has been told of nothing, and has not said that it has anything. */
export function knowsNothing({ view, isHeld, types }: Session): boolean {
  if (view === null) return true;
  return isHeld && [...types].every(([, { base, behind }]) => base === emptyStack && behind.size === 0);
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
  if (quarantine.size === 0) return [];
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
      if (lacksUnasked(session, typeUrl)) return false;
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
  const leavesUntold = leavesWithItsUser.has(typeUrl) || !canTellRemoval(session, typeUrl);
  return !leavesUntold || [...state.behind.keys()].some((name) => lookup(state.base, name) !== undefined);
}

interface Outdated {
  readonly lagging: readonly LaggingResource[];
  readonly former: readonly FormerResource[];
}

interface Known {
  readonly stack: Stack;
  readonly subscribed: ReturnType<typeof subscribedOf>;
  readonly outdated: Outdated;
}

/** By what they are behind with, which is one map for all streams that are behind with the same. */
const outdatedBy = new WeakMap<TypeState['behind'], Known>();
const nothing: Outdated = { lagging: [], former: [] };

function outdatedOf(session: Session, typeUrl: TypeUrl, stack: Stack): Outdated {
  const state = session.types.get(typeUrl);
  if (state === undefined) {
    if (!lacksUnasked(session, typeUrl)) return nothing;
    return { ...nothing, lagging: [...entriesOf(stack)].map((it) => resourceOf(typeUrl, it)) };
  }
  const { base, behind, asked, subscription } = state;
  const unsettled = unsettledNames(state.inFlight, stack);
  if (base !== stack || asked.size > 0 || unsettled.length > 0)
    return compared(session, typeUrl, { state, stack, unsettled });
  if (behind.size === 0) return nothing;
  const subscribed = subscribedOf(subscription);
  const known = outdatedBy.get(behind);
  if (known?.stack === stack && known.subscribed === subscribed) return known.outdated;
  const outdated = compared(session, typeUrl, { state, stack, unsettled });
  outdatedBy.set(behind, { stack, subscribed, outdated });
  return outdated;
}

interface Comparison {
  readonly state: TypeState;
  readonly stack: Stack;
  readonly unsettled: readonly string[];
}

function compared(session: Session, typeUrl: TypeUrl, { state, stack, unsettled }: Comparison): Outdated {
  const lagging: LaggingResource[] = [];
  const former: FormerResource[] = [];
  const inDoubt = new Set(unsettled);
  const tellsRemovals = canTellRemoval(session, typeUrl);
  const names = new Set([
    ...changedNames(state.base, stack),
    ...state.behind.keys(),
    ...state.asked,
    ...unsettled,
  ]);
  for (const name of names) {
    if (!covers(state.subscription, name)) continue;
    const entry = lookup(stack, name);
    const present = clientHas(state, name);
    const isAsItIsToBe = present.certain && present.version === entry?.version && !inDoubt.has(name);
    if (entry !== undefined && !isAsItIsToBe) lagging.push(resourceOf(typeUrl, entry));
    if (entry !== undefined || tellsRemovals) former.push(...formerOf(typeUrl, name, state, entry));
  }
  return { lagging, former };
}

function resourceOf(typeUrl: TypeUrl, { name, origins }: Entry): LaggingResource {
  return { typeUrl, name, origins };
}
