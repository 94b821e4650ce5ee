// What a client still has to be told of one type: the difference between what it has and what it is to have.
import { typeUrl as url, type TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { Entry } from '../snapshot/types.ts';
import { covers } from './subscription.ts';
import { changedNames, emptyStack, lookup, sameStack, stackOf, type Stack } from './view.ts';
import { allEntries, isWhole } from './stack-entries.ts';
import { clientHas, type ClientHas, type Session, type TypeState } from './state.ts';
import { isListedWhole } from './whole-type.ts';

export interface Pending {
  readonly upserts: readonly Entry[];
  readonly removals: readonly string[];
  /** Something is left out that cannot be sent at all for now. */
  readonly isPartial: boolean;
}

export const nothingPending: Pending = { upserts: [], removals: [], isPartial: false };

export function isNothing(pending: Pick<Pending, 'upserts' | 'removals'>): boolean {
  return pending.upserts.length + pending.removals.length === 0;
}

/** What the client is to have of a name: the present entry, or after a refusal the one before; undefined: nothing. */
export function desiredEntry(state: TypeState, stack: Stack, name: string): Entry | undefined {
  const entry = lookup(stack, name);
  const refused = state.quarantine.get(name);
  if (entry === undefined || refused === undefined || refused.version !== entry.version) return entry;
  if (refused.isRetried) return entry;
  return refused.lastGood ?? undefined;
}

export function isQuarantined(state: TypeState, stack: Stack, name: string): boolean {
  const refused = state.quarantine.get(name);
  return refused !== undefined && refused.version === lookup(stack, name)?.version;
}

/** State of the world has no words for the removal of resources that are not listed whole. */
export function canTellRemoval(session: Session, type: TypeUrl): boolean {
  return session.variant === 'delta' || isListedWhole(type);
}

/**
 * The configuration of a filter leaves with its listener, and Envoy then lets go of it by itself. To take it away first would end
 * all requests that pass the filter.
 */
export const leavesWithItsUser: ReadonlySet<TypeUrl> = new Set([url.extensionConfig]);

export function pendingOf(session: Session, type: TypeUrl): Pending {
  const state = session.types.get(type);
  if (state === undefined) return nothingPending;
  const stack = stackOf(session.view, type);
  const tellsRemovals = canTellRemoval(session, type);
  return atOnce(state, stack) ?? likeOthers(type, state, stack, tellsRemovals);
}

interface Compared {
  readonly stack: Stack;
  readonly tellsRemovals: boolean;
  readonly pending: Pending;
}

const comparedBy = new WeakMap<TypeState['behind'], Compared>();

/** Streams that are behind with the same, which is one map for all of them, are compared once. */
function likeOthers(type: TypeUrl, state: TypeState, stack: Stack, tellsRemovals: boolean): Pending {
  const { base, behind, asked, quarantine } = state;
  if (base !== stack || asked.size > 0 || quarantine.size > 0)
    return comparedOnce(type, state, stack, tellsRemovals);
  const known = comparedBy.get(behind);
  if (known?.stack === stack && known.tellsRemovals === tellsRemovals) return known.pending;
  const pending = compared(type, state, stack, tellsRemovals);
  comparedBy.set(behind, { stack, tellsRemovals, pending });
  return pending;
}

const comparedOf = new WeakMap<TypeState, Pick<Compared, 'stack' | 'pending'>>();

/** Requests for other types do not change what is pending of this one: it is compared once, however much it holds. */
function comparedOnce(type: TypeUrl, state: TypeState, stack: Stack, tellsRemovals: boolean): Pending {
  const known = comparedOf.get(state);
  if (known?.stack === stack) return known.pending;
  const pending = compared(type, state, stack, tellsRemovals);
  comparedOf.set(state, { stack, pending });
  return pending;
}

/** The two usual cases, without looking at names: a client that starts, and one that has everything. */
function atOnce(state: TypeState, stack: Stack): Pending | null {
  if (hasNothingOfWhole(state, stack)) {
    if (stack.length === 0) return nothingPending;
    return { upserts: allEntries(stack), removals: [], isPartial: false };
  }
  if (state.base !== stack || state.behind.size > 0 || state.asked.size > 0) return null;
  return state.quarantine.size === 0 ? nothingPending : { ...nothingPending, isPartial: true };
}

function compared(type: TypeUrl, state: TypeState, stack: Stack, tellsRemovals: boolean): Pending {
  const upserts: Entry[] = [];
  const removals: string[] = [];
  for (const name of candidates(state, stack)) {
    if (!covers(state.subscription, name)) continue;
    const entry = desiredEntry(state, stack, name);
    if (entry !== undefined) {
      if (mustSend(state, name, entry)) upserts.push(entry);
    } else if (tellsRemovals && mustRemove(type, state, stack, name)) removals.push(name);
  }
  return { upserts, removals, isPartial: state.quarantine.size > 0 };
}

/** A client that starts, and subscribes to all there is: what it lacks is the same list for every one of them. */
function hasNothingOfWhole(state: TypeState, stack: Stack): boolean {
  const { base, behind, asked, quarantine, subscription } = state;
  if (base !== emptyStack || behind.size > 0 || quarantine.size > 0) return false;
  return (asked.size === 0 || asksForAll(state)) && isWhole(subscription, stack);
}

/** Every name that is subscribed, and nothing else, is to be answered: the one set says both. */
export function asksForAll({ asked, subscription }: TypeState): boolean {
  return !subscription.wildcard && asked === subscription.names;
}

function candidates(state: TypeState, stack: Stack): Iterable<string> {
  if (sameStack(state.base, stack) && state.asked.size === 0) return state.behind.keys();
  return new Set([...changedNames(state.base, stack), ...state.behind.keys(), ...state.asked]);
}

function mustSend(state: TypeState, name: string, entry: Entry): boolean {
  if (state.asked.has(name)) return true;
  const present = clientHas(state, name);
  return !present.certain || present.version !== entry.version;
}

function mustRemove(type: TypeUrl, state: TypeState, stack: Stack, name: string): boolean {
  // Who asks waits for an answer (a cluster that warms, for 15 seconds), also if all we had for it was refused.
  if (state.asked.has(name)) return true;
  const present = clientHas(state, name);
  if (isQuarantined(state, stack, name)) return endsRefused.has(type) && hasNothingGood(present);
  if (leavesWithItsUser.has(type)) return false;
  return present.version !== null || !present.certain;
}

/**
 * Of these Envoy keeps something of what it refused until it is told that the resource is gone: of a virtual host the version, if it
 * had acknowledged it before there was a route configuration. The defaults that it falls back to are in force anyway.
 */
const endsRefused: ReadonlySet<TypeUrl> = new Set([url.extensionConfig, url.runtime, url.virtualHost]);

function hasNothingGood({ version, certain }: ClientHas): boolean {
  return version === null && !certain;
}
