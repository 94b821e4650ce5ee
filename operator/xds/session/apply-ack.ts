// What a client has once it has acknowledged a response. Pure, but for the memory that streams alike share.
import type { Entry } from '../snapshot/types.ts';
import { subscribedOf } from './subscription.ts';
import type { Stack } from './view.ts';
import { rebase } from './rebase.ts';
import { has, hasNothing, note, type ClientHas, type InFlight, type TypeState } from './state.ts';

/** `inFlight`: the response of `state` that was acknowledged. */
export function applyAck(state: TypeState, inFlight: InFlight, stack: Stack): TypeState {
  const { suspects, asked } = state;
  const left = suspects.length === 0 ? suspects : suspects.slice(1);
  const acked = { ...state, inFlight: null, accepted: true, suspects: left };
  if (inFlight.completes === null) return withSent(acked, inFlight);
  // Names subscribed since the response went out were not in it.
  const late = [...asked].filter((name) => !inFlight.sent.has(name));
  return note(
    rebase({ ...acked, base: inFlight.completes }, stack),
    late.map((name): [string, ClientHas] => [name, hasNothing]),
  );
}

interface Known {
  readonly before: TypeState['behind'];
  readonly base: Stack;
  readonly subscribed: ReturnType<typeof subscribedOf>;
  readonly after: TypeState['behind'];
}

/** By the map of what was sent, which is one for all streams that were behind with the same. */
const knownOf = new WeakMap<InFlight['sent'], Known>();

function withSent(state: TypeState, { sent, settles }: InFlight): TypeState {
  if (settles.size > 0) return note(state, [...newsOf(sent), ...newsOf(settles)]);
  const { behind: before, base, subscription } = state;
  const subscribed = subscribedOf(subscription);
  const known = knownOf.get(sent);
  const isAlike = known?.before === before && known.base === base && known.subscribed === subscribed;
  if (isAlike) return { ...state, behind: known.after };
  const next = note(state, newsOf(sent));
  knownOf.set(sent, { before, base, subscribed, after: next.behind });
  return next;
}

function newsOf(sent: ReadonlyMap<string, Entry | null>): readonly (readonly [string, ClientHas])[] {
  return [...sent].map(([name, entry]) => [name, has(entry)]);
}
