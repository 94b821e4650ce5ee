// Sends what may go now: at most one response of a type is unacknowledged, the newest state replaces what waits.
import { typeUrl as url, type TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { Entry } from '../snapshot/types.ts';
import { emptyStack, stackOf, type Stack } from './view.ts';
import type { Effect, Send } from './events.ts';
import { closed, isOpen, opened } from './open-types.ts';
import { pendingFor, planSends, sendOrder, type Plan } from './order.ts';
import { resendVirtualHosts } from './resend-virtual-hosts.ts';
import { asksForAll, isNothing, nothingPending, type Pending } from './pending.ts';
import { settle } from './rebase.ts';
import { withType, type InFlight, type Session, type TypeState } from './state.ts';
import { entriesByName, stackOfWhole } from './stack-entries.ts';
import { listing, noNames } from './whole-type.ts';

/** A type that waits longer than this for another one's acknowledgement goes out without it. */
export const orderLimitMs = 5_000;

const noneAsked: ReadonlySet<string> = new Set();

export interface Flushed {
  readonly session: Session;
  readonly effects: readonly Effect[];
}

export function flush(session: Session, nowMs: number): Flushed {
  if (session.view === null || session.isHeld) return { session, effects: [] };
  const overdue = overdueTypes(session, nowMs);
  let plan = planSends(session, overdue);
  const effects: Effect[] = [];
  let next = session;
  let { open } = session;
  for (const type of sendOrder) {
    // Looked at in the session as it is by now: sending clusters opens endpoints.
    if (!isOpen(next.open, type)) continue;
    // Which endpoints follow their clusters the plan did not know yet.
    const pending = type === url.endpoint ? pendingFor(next, type) : (plan.ready.get(type) ?? nothingPending);
    const outcome = send(next, { type, pending, isWaiting: plan.waiting.has(type) });
    const resent = withResentHosts(next, outcome);
    if (resent !== outcome.session) plan = replan(plan, resent, overdue);
    next = resent;
    if (outcome.effect !== null) effects.push(outcome.effect);
    open = isAtRest(next, type, pending) ? closed(open, type) : opened(open, type);
  }
  return wait(next.open === open ? next : { ...next, open }, plan.waiting, effects, nowMs);
}

function withResentHosts(before: Session, { session, effect }: Outcome): Session {
  return effect?.typeUrl === url.route && before.variant === 'delta'
    ? resendVirtualHosts(before, session, effect.resources)
    : session;
}

/** What waits already goes on to wait. */
function replan(plan: Plan, session: Session, overdue: ReadonlySet<TypeUrl>): Plan {
  const next = planSends(session, overdue);
  return { ready: next.ready, waiting: new Set([...plan.waiting, ...next.waiting]) };
}

/** Nothing is to be sent, nothing is under way: so it stays until its stack or its subscription changes. */
function isAtRest(session: Session, type: TypeUrl, pending: Pending): boolean {
  const state = session.types.get(type);
  if (state === undefined) return true;
  return pending === nothingPending && state.inFlight === null && !needsAnswer(state);
}

const noneOverdue: ReadonlySet<TypeUrl> = new Set();

function overdueTypes({ waitingSinceMs }: Session, nowMs: number): ReadonlySet<TypeUrl> {
  if (waitingSinceMs.size === 0) return noneOverdue;
  // The same sum as that of the wake: the difference of the two, in floating point, may be less than the limit.
  const overdue = [...waitingSinceMs].filter(([, since]) => nowMs >= since + orderLimitMs);
  return new Set(overdue.map(([type]) => type));
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

interface Outcome {
  readonly session: Session;
  readonly effect: Send | null;
}

function send(session: Session, { type, pending, isWaiting }: Sending): Outcome {
  const before = session.types.get(type);
  if (before === undefined || before.inFlight !== null) return { session, effect: null };
  const stack = stackOf(session.view, type);
  const { state, upserts } = nextBatch(before, oneAtATime(type, pending.upserts));
  const { removals } = pending;
  const isSilent = isNothing({ upserts, removals }) && (isWaiting || !needsAnswer(state));
  if (isSilent)
    return { session: isWaiting ? session : withType(session, type, settle(state, stack)), effect: null };
  const nonce = String(session.nextNonce);
  const sent = sentOf(upserts, removals);
  const isDelta = session.variant === 'delta';
  const { resources, settles, listed } = isDelta
    ? { resources: upserts, settles: noNames, listed: [] }
    : listing(type, state, sent, stack);
  const isWhole = upserts === pending.upserts && !pending.isPartial && !isWaiting;
  const completes = arrivesAt(state, isWhole ? stack : null);
  const next = inFlight(state, { nonce, sent, settles, completes }, listed);
  const moved = withType({ ...session, nextNonce: session.nextNonce + 1 }, type, next);
  const removed = isDelta ? removals : [];
  const effect: Send = { type: 'send', typeUrl: type, nonce, resources, removed };
  return { session: askForEndpoints(moved, type, [upserts, settles.values()]), effect };
}

/** Of a refused response nobody knows what was applied, and a filter's configuration sent again is acknowledged unread. */
const sentAlone: ReadonlySet<TypeUrl> = new Set([url.extensionConfig]);

function oneAtATime(type: TypeUrl, upserts: readonly Entry[]): readonly Entry[] {
  const [first] = upserts;
  if (first === undefined || upserts.length === 1 || !sentAlone.has(type)) return upserts;
  const idle = thatDoNothing(upserts);
  return idle.length > 0 ? idle : listOf(first);
}

/** Envoy takes all of them or none. Every TCP port has one: alone, they would be a thousand responses. */
function thatDoNothing(upserts: readonly Entry[]): readonly Entry[] {
  let idle = idleOf.get(upserts);
  if (idle === undefined) {
    idle = upserts.filter(({ doesNothing }) => doesNothing === true);
    if (idle.length === upserts.length) idle = upserts;
    idleOf.set(upserts, idle);
  }
  return idle;
}

const idleOf = new WeakMap<readonly Entry[], readonly Entry[]>();

const lists = new WeakMap<Entry, readonly Entry[]>();

/** Always the same list, so that streams alike share what is made of it. */
function listOf(entry: Entry): readonly Entry[] {
  let list = lists.get(entry);
  if (list === undefined) lists.set(entry, (list = [entry]));
  return list;
}

/** Where acknowledging `whole`, all of a stack, brings a client that had nothing. */
function arrivesAt(state: TypeState, whole: Stack | null): Stack | null {
  return hasNothingYet(state) ? whole : null;
}

/** A wildcard that matches nothing is answered, once, or the client waits for ever. */
function needsAnswer(state: TypeState): boolean {
  return !state.answered && state.subscription.wildcard;
}

function sentOf(upserts: readonly Entry[], removals: readonly string[]): ReadonlyMap<string, Entry | null> {
  const whole = removals.length === 0 ? stackOfWhole(upserts) : undefined;
  if (whole !== undefined) return entriesByName(whole);
  if (removals.length > 0) return listedByName(upserts, removals);
  let sent = sentBy.get(upserts);
  if (sent === undefined) sentBy.set(upserts, (sent = listedByName(upserts, removals)));
  return sent;
}

/** By the list, which streams alike share. */
const sentBy = new WeakMap<readonly Entry[], ReadonlyMap<string, Entry | null>>();

function listedByName(
  upserts: readonly Entry[],
  removals: readonly string[],
): ReadonlyMap<string, Entry | null> {
  const sent = new Map<string, Entry | null>();
  for (const entry of upserts) sent.set(entry.name, entry);
  for (const name of removals) sent.set(name, null);
  return sent;
}

function hasNothingYet(state: TypeState): boolean {
  return state.base === emptyStack && state.behind.size === 0;
}

function inFlight(state: TypeState, response: InFlight, listed: readonly Entry[]): TypeState {
  const { sent } = response;
  let { asked } = state;
  if (asksForAll(state) && sent.size === asked.size) asked = noneAsked;
  else if (asked.size > 0) {
    const names = new Set(listed.map((it) => it.name));
    asked = new Set([...asked].filter((name) => !sent.has(name) && !names.has(name)));
  }
  return { ...state, asked, answered: true, inFlight: response };
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
function askForEndpoints(
  session: Session,
  sent: TypeUrl,
  clusters: readonly Iterable<Entry | null>[],
): Session {
  const endpoints = session.types.get(url.endpoint);
  if (sent !== url.cluster || endpoints === undefined) return session;
  const subscribed: string[] = [];
  for (const entry of clusters.flatMap((some) => [...some]))
    if (entry !== null && endpoints.subscription.names.has(entry.name)) subscribed.push(entry.name);
  if (subscribed.length === 0) return session;
  const asked = new Set([...endpoints.asked, ...subscribed]);
  return withType(session, url.endpoint, { ...endpoints, asked });
}
