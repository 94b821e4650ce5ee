// The state of one stream, as plain immutable data: what the client asked for, what it has, what is under way.
import { PerType } from './per-type.ts';
import type { TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { Entry } from '../snapshot/types.ts';
import { covers, type Subscription } from './subscription.ts';
import type { RequestEvent } from './events.ts';
import { noneOpen, opened, type OpenTypes } from './open-types.ts';
import { lookup, type Stack, type View } from './view.ts';

export interface Session {
  readonly variant: 'delta' | 'sotw';
  /** null until the workload is known and the first snapshot exists. */
  readonly view: View | null;
  /** When the client first said that it has something from an earlier stream; null: it did not, or has said all of it. */
  readonly returnedAtMs: number | null;
  /** Requests that came before there was a view to compare them with: read as soon as there is one. */
  readonly early: readonly RequestEvent[];
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
  /** Resources the client refused: not sent again until their content changes, or the machine has (retry-binds.ts). */
  readonly quarantine: ReadonlyMap<string, Quarantined>;
  /** Some response of this type went out: even an empty one, which ends a client's waiting. */
  readonly answered: boolean;
  /** The client has accepted a response of this type on this stream, or said that it has all of it. */
  readonly accepted: boolean;
}

export interface ClientHas {
  /** null: it does not have the resource. */
  readonly version: string | null;
  /** The bytes of that version, where we have them. */
  readonly entry: Entry | null;
  /** After a NACK nobody knows what was applied: the resource is sent again even if the version is equal. */
  readonly certain: boolean;
  /** While it is not certain: what it may have instead, after the responses that it refused. null: something unknown. */
  readonly orElse?: readonly (Entry | null)[];
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
  /** How often this version was refused, one time after the other. */
  readonly refusals: number;
  /** When it is tried again although it is the same; null: that is not settled, or never. */
  readonly retryAtMs: number | null;
  /** It is being tried again. */
  readonly isRetried: boolean;
}

export const hasNothing: ClientHas = { version: null, entry: null, certain: true };

const nothingWaits: Session['waitingSinceMs'] = new Map();

export function newSession(variant: Session['variant']): Session {
  const types = PerType.none<TypeState>();
  return {
    variant,
    view: null,
    returnedAtMs: null,
    early: [],
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

export const nobodyBehind: ReadonlyMap<string, ClientHas> = new Map();
