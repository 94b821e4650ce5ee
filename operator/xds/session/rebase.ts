// What is known of a client, said relative to another stack. Pure, but for the memory that streams alike share: a thousand of
// them that move together are compared once.
import { covers, subscribedOf } from './subscription.ts';
import { changedNames, emptyStack, lookup, type Stack } from './view.ts';
import { clientHas, has, nobodyBehind, note, type ClientHas, type TypeState } from './state.ts';

/** The same knowledge, said relative to another stack. */
export function rebase(state: TypeState, stack: Stack): TypeState {
  if (state.base === stack) return state;
  const changed = changedNames(state.base, stack);
  const behind = state.behind.size === 0 ? behindWith(changed, state) : movedBehind(changed, state, stack);
  return { ...state, base: stack, behind };
}

/** Nothing is to be sent: a client that started with nothing is where the stack is, but for its exceptions. */
export function settle(state: TypeState, stack: Stack): TypeState {
  return state.base === emptyStack ? rebase(state, stack) : state;
}

type Behind = TypeState['behind'];

interface Known {
  readonly from: Stack;
  readonly to: Stack;
  /** Of whom it is true: those who subscribe to this. */
  readonly subscribed: ReturnType<typeof subscribedOf>;
  readonly behind: Behind;
}

/** By the list of changed names, which is one for all streams that move from the same layer to the same next one. */
const byChange = new WeakMap<readonly string[], Pick<Known, 'subscribed' | 'behind'>>();
/** By what they were behind with before. */
const byBehind = new WeakMap<Behind, Known>();

/** What a client is behind with that had all of `base`, where these names have changed. */
function behindWith(changed: readonly string[], state: TypeState): Behind {
  if (changed.length === 0) return nobodyBehind;
  const { subscription, base } = state;
  const subscribed = subscribedOf(subscription);
  const known = byChange.get(changed);
  if (known?.subscribed === subscribed) return known.behind;
  const covered = changed.filter((name) => covers(subscription, name));
  const behind = new Map(covered.map((name) => [name, has(lookup(base, name) ?? null)]));
  byChange.set(changed, { subscribed, behind });
  return behind;
}

/** The same of one that was behind already. */
function movedBehind(changed: readonly string[], state: TypeState, to: Stack): Behind {
  const { base, behind: before, subscription } = state;
  const subscribed = subscribedOf(subscription);
  const known = byBehind.get(before);
  if (known?.from === base && known.to === to && known.subscribed === subscribed) return known.behind;
  const present: [string, ClientHas][] = [];
  for (const name of new Set([...changed, ...before.keys()]))
    if (covers(subscription, name)) present.push([name, clientHas(state, name)]);
  const { behind } = note({ ...state, base: to, behind: nobodyBehind }, present);
  byBehind.set(before, { from: base, to, subscribed, behind });
  return behind;
}
