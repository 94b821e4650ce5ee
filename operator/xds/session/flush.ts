// Sends what may go now: at most one response of a type is unacknowledged, the newest state replaces what waits.
import { typeUrl as url, type TypeUrl } from '../proto/type-urls.ts';
import type { Entry } from '../snapshot-types.ts';
import { emptyStack, stackOf, type Stack } from '../view.ts';
import type { Effect, Send } from './events.ts';
import { isNothing, planSends, sendOrder } from './order.ts';
import { nothingPending, pendingOf, type Pending } from './pending.ts';
import { settle, withType, type Session, type TypeState } from './state.ts';
import { wholeType } from './whole-type.ts';

/** A type that waits longer than this for another one's acknowledgement goes out without it. */
export const orderLimitMs = 5_000;

export interface Flushed {
  readonly session: Session;
  readonly effects: readonly Effect[];
}

export function flush(session: Session, nowMs: number): Flushed {
  if (session.view === null) return { session, effects: [] };
  const overdue = new Set(
    [...session.waitingSinceMs].filter(([, since]) => nowMs - since >= orderLimitMs).map(([t]) => t),
  );
  const plan = planSends(session, overdue);
  const effects: Effect[] = [];
  let next = session;
  for (const type of sendOrder) {
    const pending = type === url.endpoint ? endpointsPending(next) : (plan.ready.get(type) ?? nothingPending);
    const outcome = send(next, { type, pending, isWaiting: plan.waiting.has(type) });
    next = outcome.session;
    if (outcome.effect !== null) effects.push(outcome.effect);
  }
  return wait(next, plan.waiting, effects, nowMs);
}

/** Sending clusters asks for their endpoints to follow, which the plan did not know yet. */
function endpointsPending(session: Session): Pending {
  const state = session.types.get(url.endpoint);
  if (state === undefined || state.inFlight !== null) return nothingPending;
  return pendingOf(session, url.endpoint);
}

/** Notes since when a type waits; one that has just sent something starts anew. */
function wait(session: Session, waiting: ReadonlySet<TypeUrl>, effects: Effect[], nowMs: number): Flushed {
  if (waiting.size === 0 && session.waitingSinceMs.size === 0) return { session, effects };
  const sent = new Set(effects.flatMap((effect) => (effect.type === 'send' ? [effect.typeUrl] : [])));
  const since = new Map<TypeUrl, number>();
  for (const type of waiting) {
    const before = sent.has(type) ? undefined : session.waitingSinceMs.get(type);
    since.set(type, before ?? nowMs);
    if (before === undefined) effects.push({ type: 'wake', atMs: nowMs + orderLimitMs });
  }
  return { session: { ...session, waitingSinceMs: since }, effects };
}

interface Sending {
  readonly type: TypeUrl;
  readonly pending: Pending;
  readonly isWaiting: boolean;
}

function send(
  session: Session,
  { type, pending, isWaiting }: Sending,
): { session: Session; effect: Send | null } {
  const before = session.types.get(type);
  if (before === undefined || before.inFlight !== null) return { session, effect: null };
  const stack = stackOf(session.view, type);
  const { state, upserts } = nextBatch(before, pending.upserts);
  const { removals } = pending;
  if (isNothing({ upserts, removals }) && (isWaiting || !needsAnswer(state))) {
    return { session: isWaiting ? session : withType(session, type, settle(state, stack)), effect: null };
  }
  const isWhole = upserts === pending.upserts && !pending.isPartial && !isWaiting;
  const nonce = String(session.nextNonce);
  const next = inFlight(state, { nonce, upserts, removals }, isWhole ? stack : null);
  const moved = withType({ ...session, nextNonce: session.nextNonce + 1 }, type, next);
  const content =
    session.variant === 'sotw'
      ? { resources: wholeType(type, next, stack), removed: [] }
      : { resources: upserts, removed: removals };
  const effect: Send = { type: 'send', typeUrl: type, nonce, ...content };
  return { session: type === url.cluster ? askForEndpoints(moved, upserts) : moved, effect };
}

/** A wildcard that matches nothing is answered, once, or the client waits for ever. */
function needsAnswer(state: TypeState): boolean {
  return !state.answered && state.subscription.wildcard;
}

interface Sent {
  readonly nonce: string;
  readonly upserts: readonly Entry[];
  readonly removals: readonly string[];
}

/** `whole`: the stack of which everything is on its way, or null. */
function inFlight(state: TypeState, { nonce, upserts, removals }: Sent, whole: Stack | null): TypeState {
  const sent = new Map<string, Entry | null>();
  for (const entry of upserts) sent.set(entry.name, entry);
  for (const name of removals) sent.set(name, null);
  const hadNothing = state.base === emptyStack && state.behind.size === 0;
  const asked =
    state.asked.size === 0 ? state.asked : new Set([...state.asked].filter((name) => !sent.has(name)));
  return { ...state, asked, answered: true, inFlight: { nonce, sent, completes: hadNothing ? whole : null } };
}

/** While a culprit is looked for, one batch of suspects at a time. */
function nextBatch(
  state: TypeState,
  upserts: readonly Entry[],
): { state: TypeState; upserts: readonly Entry[] } {
  let suspects = state.suspects;
  while (suspects.length > 0) {
    const batch = new Set(suspects[0]);
    const some = upserts.filter((entry) => batch.has(entry.name));
    if (some.length > 0) return { state: { ...state, suspects }, upserts: some };
    suspects = suspects.slice(1);
  }
  return { state: suspects === state.suspects ? state : { ...state, suspects }, upserts };
}

/** A changed cluster warms again but does not ask for its endpoints again: they follow it unasked. */
function askForEndpoints(session: Session, clusters: readonly Entry[]): Session {
  const endpoints = session.types.get(url.endpoint);
  if (endpoints === undefined) return session;
  const subscribed = clusters.filter((entry) => endpoints.subscription.names.has(entry.name));
  if (subscribed.length === 0) return session;
  const asked = new Set([...endpoints.asked, ...subscribed.map((entry) => entry.name)]);
  return withType(session, url.endpoint, { ...endpoints, asked });
}
