// One ADS stream as a pure reducer: (session, event) → (session, effects). Delta and state of the world. It
// knows neither sockets nor timers; the server carries the bytes.
import type { TypeUrl } from '../../envoy/proto/type-urls.ts';
import { changeDelta, changeStateOfTheWorld } from './subscription.ts';
import { emptyStack, entriesOf, lookup, stackOf, type Stack } from './view.ts';
import { applyAck } from './apply-ack.ts';
import type { DeltaRequest, Effect, Publish, RequestEvent, SessionEvent, SotwRequest } from './events.ts';
import { forgetReturn, noteReturn } from './returning.ts';
import { firstRequest } from './first-request.ts';
import { flush } from './flush.ts';
import { applyNack } from './nack.ts';
import { wouldAckUnread } from './doubt.ts';
import { allOpen, opened } from './open-types.ts';
import { sendOrder } from './order.ts';
import { retryBinds } from './retry-binds.ts';
import { firstState, resubscribe, returnedWith } from './resubscribe.ts';
import { rebase } from './rebase.ts';
import type { ErrorDetail } from '../wire/fields.ts';
import { clientHas, withType, type Session, type TypeState } from './state.ts';
import { versionOf } from './versions.ts';

export interface Step {
  readonly session: Session;
  readonly effects: readonly Effect[];
}

const noVersions: ReadonlyMap<string, string> = new Map();

export function reduce(session: Session, event: SessionEvent): Step {
  const effects: Effect[] = [];
  const applied = forgetReturn(apply(session, event, effects), event.nowMs);
  const next = retryBinds(applied, event.nowMs, effects);
  const flushed = flush(next, event.nowMs);
  return { session: flushed.session, effects: [...effects, ...flushed.effects] };
}

function apply(session: Session, event: SessionEvent, effects: Effect[]): Session {
  switch (event.type) {
    case 'publish':
      return publish(session, event, effects);
    case 'delta':
    case 'sotw':
      if (session.view === null) return { ...session, early: [...session.early, event] };
      return onRequest(session, event, effects);
    case 'wake':
      return session;
  }
}

function onRequest(before: Session, event: RequestEvent, effects: Effect[]): Session {
  const session = noteReturn(before, event, effects);
  return event.type === 'delta'
    ? onDelta(session, event.request, effects)
    : onStateOfTheWorld(session, event.request, effects);
}

function publish(session: Session, event: Publish, effects: Effect[]): Session {
  const next = withView(session, event);
  if (session.early.length === 0) return next;
  // Thousands of proxies come before a new operator has built anything: what they have is not decoded to be kept.
  return session.early.reduce<Session>((state, early) => onRequest(state, early, effects), {
    ...next,
    early: [],
  });
}

/** Moves the types that changed to the new view; what the client has stays what it is. */
export function withView(
  session: Session,
  { view, isHeld = false, nonceFrom = 0 }: Pick<Publish, 'view' | 'isHeld' | 'nonceFrom'>,
): Session {
  // Nothing was sent yet, also of types that the first view has nothing of.
  let open = session.view === null ? allOpen : session.open;
  let { types } = session;
  for (const type of sendOrder) {
    const stack = stackOf(view, type);
    if (stack === stackOf(session.view, type)) continue;
    open = opened(open, type);
    const state = types.get(type);
    if (state === undefined) continue;
    types = types.with(type, releaseQuarantine(type, moved(state, stack), stack));
  }
  return { ...session, view, isHeld, types, open, nextNonce: Math.max(session.nextNonce, nonceFrom) };
}

function moved(state: TypeState, stack: Stack): TypeState {
  if (state.base !== emptyStack) return rebase(state, stack);
  // A client that has nothing yet would be behind with everything: the empty stack says that shorter.
  const hasKept = state.behind.size > 0 && state.inFlight === null;
  return hasKept ? returnedWith(state, stack) : state;
}

function releaseQuarantine(type: TypeUrl, state: TypeState, stack: Stack): TypeState {
  if (state.quarantine.size === 0) return state;
  const kept = [...state.quarantine].filter(
    ([name, refused]) =>
      lookup(stack, name)?.version === refused.version || wouldAckUnread(type, clientHas(state, name)),
  );
  return kept.length === state.quarantine.size ? state : { ...state, quarantine: new Map(kept) };
}

function onDelta(session: Session, request: DeltaRequest, effects: Effect[]): Session {
  const { typeUrl } = request;
  const known = answer(session, request, effects);
  // An acknowledgement, and nothing else.
  if (known !== null && request.subscribe.length + request.unsubscribe.length === 0)
    return withType(session, typeUrl, known);
  const change = changeDelta(typeUrl, known?.subscription ?? null, request);
  if (known !== null) return withType(session, typeUrl, resubscribe(known, change, noVersions));
  return withType(session, typeUrl, firstRequest(session, request, change));
}

function onStateOfTheWorld(session: Session, request: SotwRequest, effects: Effect[]): Session {
  const { typeUrl } = request;
  const stack = stackOf(session.view, typeUrl);
  // At most one response is unacknowledged, so the names of any request, stale or not, are the latest there are.
  const known = answer(session, request, effects);
  const change = changeStateOfTheWorld(typeUrl, known?.subscription ?? null, request.names);
  if (known !== null) return withType(session, typeUrl, resubscribe(known, change, noVersions));
  const first = firstState(change, noVersions, stack);
  const isPureWildcard = change.subscription.wildcard && change.subscription.names.size === 0;
  const isCurrent = isPureWildcard && stack.length > 0 && request.versionInfo === versionOf(entriesOf(stack));
  const state = isCurrent ? { ...first, base: stack, answered: true, accepted: true } : first;
  return withType(session, typeUrl, resubscribe(state, change, noVersions));
}

/** The acknowledgement part of a request. A nonce that is not the one in flight says nothing. null: the first of its type. */
function answer(
  session: Session,
  request: { readonly typeUrl: TypeUrl; readonly nonce: string; readonly error: ErrorDetail | null },
  effects: Effect[],
): TypeState | null {
  const { typeUrl, error } = request;
  const state = session.types.get(typeUrl);
  if (state === undefined) return null;
  const { inFlight } = state;
  if (inFlight === null || request.nonce !== inFlight.nonce) return state;
  const stack = stackOf(session.view, typeUrl);
  if (error !== null) {
    const nack = { message: error.message, variant: session.variant };
    const refusal = applyNack(typeUrl, state, inFlight, nack);
    effects.push({ type: 'nacked', typeUrl, message: error.message, culprits: refusal.culprits });
    return releaseQuarantine(typeUrl, refusal.state, stack);
  }
  effects.push({ type: 'acked', typeUrl });
  return releaseQuarantine(typeUrl, applyAck(state, inFlight, stack), stack);
}
