// How a change of subscription changes what is known of the client.
import { changedSet } from './name-set.ts';
import type { SubscriptionChange } from './subscription.ts';
import { covers, type Subscription } from './subscription.ts';
import { emptyStack, entriesOf, lookup, sizeOf, type Stack } from './view.ts';
import { clientHas, hasNothing, nobodyBehind, note, type ClientHas, type TypeState } from './state.ts';

/** The first request of a type on a stream. `kept`: versions the client has from an earlier stream. */
export function firstState(
  change: SubscriptionChange,
  kept: ReadonlyMap<string, string>,
  stack: Stack,
): TypeState {
  const fresh = freshState(change);
  if (kept.size === 0) return fresh;
  const behind = new Map<string, ClientHas>();
  let current = 0;
  for (const [name, version] of kept) {
    if (lookup(stack, name)?.version === version) current += 1;
    else if (covers(change.subscription, name)) behind.set(name, { version, entry: null, certain: true });
  }
  if (current < sizeOf(stack)) noteLacking(behind, stack, kept, change.subscription);
  return { ...fresh, base: stack, behind };
}

/** The same for a client that kept all there is, at its present versions. */
export function currentState(change: SubscriptionChange, stack: Stack): TypeState {
  return { ...freshState(change), base: stack };
}

function freshState({ subscription }: SubscriptionChange): TypeState {
  return {
    subscription,
    base: emptyStack,
    behind: nobodyBehind,
    asked: noneAsked,
    inFlight: null,
    suspects: [],
    quarantine: noneRefused,
    answered: false,
    accepted: false,
  };
}

const noneAsked: TypeState['asked'] = new Set();
const noneRefused: TypeState['quarantine'] = new Map();

/** Of those of the stack that it did not keep, it has nothing. */
function noteLacking(
  behind: Map<string, ClientHas>,
  stack: Stack,
  kept: Pick<ReadonlyMap<string, unknown>, 'has'>,
  subscription: Subscription,
): void {
  for (const { name } of entriesOf(stack))
    if (!kept.has(name) && covers(subscription, name)) behind.set(name, hasNothing);
}

/**
 * For a client that comes with what it kept from an earlier stream, `behind` of a base that is empty: the same knowledge, said
 * relative to what it is to have. Mostly it has all of that, and there is nothing to remember.
 */
export function returnedWith(state: TypeState, stack: Stack): TypeState {
  if (stack === emptyStack) return state;
  const { behind: kept, subscription } = state;
  const behind = new Map<string, ClientHas>();
  let current = 0;
  for (const [name, present] of kept) {
    if (present.certain && present.version !== null && lookup(stack, name)?.version === present.version)
      current += 1;
    else behind.set(name, present);
  }
  if (current < sizeOf(stack)) noteLacking(behind, stack, kept, subscription);
  return { ...state, base: stack, behind };
}

/** What the client has from an earlier stream. */
export type KeptNames = Pick<ReadonlySet<string>, 'size' | 'has'>;

/** Names in `kept` need no answer by themselves: the client says what it has, and hears only of differences. */
export function resubscribe(before: TypeState, change: SubscriptionChange, kept: KeptNames): TypeState {
  const { subscription } = change;
  const had = before.subscription.wildcard;
  const state = subscription.wildcard && !had ? withNamedOnly(before) : before;
  if (change.asked.length === 0 && change.dropped.length === 0 && had === subscription.wildcard) {
    return { ...state, subscription };
  }
  if (isFirstAsked(state, change) && kept.size === 0) {
    return { ...state, subscription, asked: subscription.names };
  }
  const news = change.asked.filter((name) => !kept.has(name));
  // Newly subscribed: the client has nothing of it, whatever the base says of subscribed names.
  const unknown = news.filter((name) => !covers(before.subscription, name) && !state.behind.has(name));
  const left = had && !subscription.wildcard ? withoutWildcard(state, subscription) : state;
  const next: TypeState = {
    ...left,
    subscription,
    asked: changedSet(left.asked, news, change.dropped),
    behind: without(left.behind, change.dropped),
    quarantine: without(left.quarantine, change.dropped),
  };
  return note(
    next,
    unknown.map((name): [string, ClientHas] => [name, hasNothing]),
  );
}

/** Only what is named counts any more. */
function withoutWildcard(state: TypeState, subscription: Subscription): TypeState {
  const isCovered = (name: string): boolean => covers(subscription, name);
  return {
    ...state,
    asked: new Set([...state.asked].filter(isCovered)),
    behind: new Map([...state.behind].filter(([name]) => isCovered(name))),
    quarantine: new Map([...state.quarantine].filter(([name]) => isCovered(name))),
  };
}

function without<Value>(
  map: ReadonlyMap<string, Value>,
  names: readonly string[],
): ReadonlyMap<string, Value> {
  const held = names.filter((name) => map.has(name));
  if (held.length === 0) return map;
  const rest = new Map(map);
  for (const name of held) rest.delete(name);
  return rest;
}

/** It knows of nothing yet, and asks for every name it subscribes to. */
function isFirstAsked({ base, behind, asked, quarantine }: TypeState, change: SubscriptionChange): boolean {
  const { names, wildcard } = change.subscription;
  const knowsNothing = base === emptyStack && behind.size + asked.size + quarantine.size === 0;
  return knowsNothing && !wildcard && change.asked.length === names.size && change.dropped.length === 0;
}

/** Before a wildcard is added: of all but the names the client has nothing, though the base may say so of everything. */
function withNamedOnly(state: TypeState): TypeState {
  const named = [...state.subscription.names].map((name): [string, ClientHas] => [
    name,
    clientHas(state, name),
  ]);
  const inFlight = state.inFlight === null ? null : { ...state.inFlight, completes: null };
  return note({ ...state, base: emptyStack, behind: new Map(), inFlight, answered: false }, named);
}
