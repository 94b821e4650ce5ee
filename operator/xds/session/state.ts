// The state of one stream, as plain immutable data: what the client asked for, what it has, what is under way.
import { PerType } from '../per-type.ts';
import type { TypeUrl } from '../proto/type-urls.ts';
import type { Entry } from '../snapshot-types.ts';
import { covers, subscribedOf, type Subscription } from '../subscription.ts';
import { noneOpen, opened, type OpenTypes } from './open-types.ts';
import { changedNames, emptyStack, lookup, type Stack, type View } from '../view.ts';

export interface Session {
  readonly variant: 'delta' | 'sotw';
  /** null until the workload is known and the first snapshot exists. */
  readonly view: View | null;
  /** Nothing is sent for now. */
  readonly isHeld: boolean;
  readonly types: PerType<TypeState>;
  /** The others are at rest. */
  readonly open: OpenTypes;
  /** Unique on the stream. */
  readonly nextNonce: number;
  /** Since when something of a type waits for an acknowledgement of another type. */
  readonly waitingSinceMs: ReadonlyMap<TypeUrl, number>;
}

export interface TypeState {
  readonly subscription: Subscription;
  /** The client has every subscribed resource of this stack at its version, except as `behind` says. */
  readonly base: Stack;
  readonly behind: ReadonlyMap<string, ClientHas>;
  /** Names to be answered, whatever the client has. */
  readonly asked: ReadonlySet<string>;
  /** The one response that is not yet acknowledged. */
  readonly inFlight: InFlight | null;
  /** After a NACK that names nobody: batches still to be tried, first one next. */
  readonly suspects: readonly (readonly string[])[];
  /** Resources the client refused: not sent again until their content changes. */
  readonly quarantine: ReadonlyMap<string, Quarantined>;
  /** Some response of this type went out: even an empty one, which ends a client's waiting. */
  readonly answered: boolean;
}

export interface ClientHas {
  /** null: it does not have the resource. */
  readonly version: string | null;
  /** The bytes of that version, where we have them. */
  readonly entry: Entry | null;
  /** After a NACK nobody knows what was applied: the resource is sent again even if the version is equal. */
  readonly certain: boolean;
}

export interface InFlight {
  readonly nonce: string;
  /** null: removed. */
  readonly sent: ReadonlyMap<string, Entry | null>;
  /** Names in doubt of which the client then knows, too, since the list is whole: state of the world only. */
  readonly settles: ReadonlyMap<string, Entry | null>;
  /** Acknowledging it brings the client to this stack, without exceptions. */
  readonly completes: Stack | null;
}

export interface Quarantined {
  readonly version: string;
  /** Envoy's words, normalised. */
  readonly message: string;
  /** What the client had before, to go back to; null if nothing, or if that was refused, too. */
  readonly lastGood: Entry | null;
}

export const hasNothing: ClientHas = { version: null, entry: null, certain: true };

const nothingWaits: Session['waitingSinceMs'] = new Map();

export function newSession(variant: Session['variant']): Session {
  const types = PerType.none<TypeState>();
  return {
    variant,
    view: null,
    isHeld: false,
    types,
    open: noneOpen,
    nextNonce: 1,
    waitingSinceMs: nothingWaits,
  };
}

export function has(entry: Entry | null): ClientHas {
  return entry === null ? hasNothing : { version: entry.version, entry, certain: true };
}

/** What the client has of a name, as far as we know. */
export function clientHas(state: TypeState, name: string): ClientHas {
  const exception = state.behind.get(name);
  if (exception !== undefined) return exception;
  if (!covers(state.subscription, name)) return hasNothing;
  return has(lookup(state.base, name) ?? null);
}

export function withType(session: Session, typeUrl: TypeUrl, state: TypeState): Session {
  if (session.types.get(typeUrl) === state) return session;
  return { ...session, types: session.types.with(typeUrl, state), open: opened(session.open, typeUrl) };
}

/** Notes what the client now has, and keeps `behind` to what is subscribed and differs from `base`. */
export function note(state: TypeState, news: Iterable<readonly [string, ClientHas]>): TypeState {
  // Copied only if something is to be noted.
  let behind: Map<string, ClientHas> | null = null;
  for (const [name, present] of news) {
    const isBehind = isException(state, name, present);
    if (!isBehind && !(behind ?? state.behind).has(name)) continue;
    behind ??= new Map(state.behind);
    if (isBehind) behind.set(name, present);
    else behind.delete(name);
  }
  if (behind === null) return state;
  return { ...state, behind: behind.size === 0 ? nobodyBehind : behind };
}

/** It is subscribed, and not as the base says. */
function isException({ base, subscription }: TypeState, name: string, present: ClientHas): boolean {
  const inBase = lookup(base, name)?.version ?? null;
  const isAsBaseSays = present.certain && present.version === inBase;
  return !isAsBaseSays && covers(subscription, name);
}

/** The same knowledge, said relative to another stack. */
export function rebase(state: TypeState, stack: Stack): TypeState {
  if (state.base === stack) return state;
  const changed = changedNames(state.base, stack);
  if (state.behind.size === 0) return { ...state, base: stack, behind: behindWith(changed, state) };
  const names = new Set([...changed, ...state.behind.keys()]);
  const present: [string, ClientHas][] = [];
  for (const name of names)
    if (covers(state.subscription, name)) present.push([name, clientHas(state, name)]);
  return note({ ...state, base: stack, behind: new Map() }, present);
}

export const nobodyBehind: ReadonlyMap<string, ClientHas> = new Map();

interface Behind {
  /** Of whom it is true: those who subscribe to this. */
  readonly subscribed: ReturnType<typeof subscribedOf>;
  readonly behind: ReadonlyMap<string, ClientHas>;
}

/** By the list of changed names, which is one for all streams that move from the same layer to the same next one. */
const behindBy = new WeakMap<readonly string[], Behind>();

/** What a client is behind with that had all of `base`, where these names have changed. Streams alike share it. */
function behindWith(
  changed: readonly string[],
  { subscription, base }: TypeState,
): ReadonlyMap<string, ClientHas> {
  if (changed.length === 0) return nobodyBehind;
  const subscribed = subscribedOf(subscription);
  const known = behindBy.get(changed);
  if (known?.subscribed === subscribed) return known.behind;
  const covered = changed.filter((name) => covers(subscription, name));
  const behind = new Map(covered.map((name) => [name, has(lookup(base, name) ?? null)]));
  behindBy.set(changed, { subscribed, behind });
  return behind;
}

/** Nothing is to be sent: a client that started with nothing is where the stack is, but for its exceptions. */
export function settle(state: TypeState, stack: Stack): TypeState {
  return state.base === emptyStack ? rebase(state, stack) : state;
}
