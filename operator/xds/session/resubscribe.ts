// How a change of subscription changes what is known of the client.
import type { SubscriptionChange } from '../subscription.ts';
import { covers } from '../subscription.ts';
import { emptyStack, lookup, type Stack } from '../view.ts';
import { hasNothing, note, type ClientHas, type TypeState } from './state.ts';

/** The first request of a type on a stream. `kept`: versions the client has from an earlier stream. */
export function firstState(
  change: SubscriptionChange,
  kept: ReadonlyMap<string, string>,
  stack: Stack,
): TypeState {
  const fresh: TypeState = {
    subscription: change.subscription,
    base: emptyStack,
    behind: new Map(),
    asked: new Set(),
    inFlight: null,
    suspects: [],
    quarantine: new Map(),
    answered: false,
  };
  if (kept.size === 0) return fresh;
  const present = [...kept].map(([name, version]): [string, ClientHas] => {
    const entry = lookup(stack, name);
    return [name, { version, entry: entry?.version === version ? entry : null, certain: true }];
  });
  return note(fresh, present);
}

/** Names in `kept` need no answer by themselves: the client says what it has, and hears only of differences. */
export function resubscribe(
  state: TypeState,
  change: SubscriptionChange,
  kept: ReadonlyMap<string, string>,
): TypeState {
  if (change.asked.length === 0 && change.dropped.length === 0) {
    return { ...state, subscription: change.subscription };
  }
  const asked = new Set(state.asked);
  const quarantine = new Map(state.quarantine);
  const unknown: string[] = [];
  for (const name of change.asked) {
    if (kept.has(name)) continue;
    asked.add(name);
    // Newly subscribed: the client has nothing of it, whatever the base says of subscribed names.
    if (!covers(state.subscription, name) && !state.behind.has(name)) unknown.push(name);
  }
  for (const name of change.dropped) {
    asked.delete(name);
    quarantine.delete(name);
    unknown.push(name);
  }
  const forgotten = unknown.map((name): [string, ClientHas] => [name, hasNothing]);
  const next = forgotten.length === 0 ? state : note(state, forgotten);
  return { ...next, subscription: change.subscription, asked, quarantine };
}
