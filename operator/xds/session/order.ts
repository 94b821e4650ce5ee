// Make before break on one stream: which of the pending resources may go now. What routes need is acknowledged
// before the routes go; what they no longer need leaves after they are acknowledged as gone. Envoy withholds the
// acknowledgement of clusters until they are warm, so it is the proof.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#eventual-consistency-considerations
import { typeUrl as url, type TypeUrl } from '../proto/type-urls.ts';
import type { Entry } from '../snapshot-types.ts';
import { lookup, stackOf } from '../view.ts';
import { isQuarantined, nothingPending, pendingOf, type Pending } from './pending.ts';
import { clientHas, type Session } from './state.ts';

export interface Plan {
  /** What may go now, of each type; nothing of a type that has a response in flight. */
  readonly ready: ReadonlyMap<TypeUrl, Pending>;
  /** Types of which something waits for another type's acknowledgement. */
  readonly waiting: ReadonlySet<TypeUrl>;
}

/** Clusters with their endpoints first, then what routes to them, then what leads to the routes. */
export const sendOrder: readonly TypeUrl[] = [
  url.cluster,
  url.endpoint,
  url.secret,
  url.route,
  url.virtualHost,
  url.listener,
];

/** These name clusters, and are routed by. */
const users: readonly TypeUrl[] = [url.route, url.virtualHost, url.listener];

type PendingByType = ReadonlyMap<TypeUrl, Pending>;

/** `overdue`: types that have waited long enough to go out of order. */
export function planSends(session: Session, overdue: ReadonlySet<TypeUrl>): Plan {
  const pending: PendingByType = new Map(sendOrder.map((type) => [type, pendingFor(session, type)]));
  const ready = new Map<TypeUrl, Pending>();
  const waiting = new Set<TypeUrl>();
  for (const [type, all] of pending) {
    const allowed = overdue.has(type) ? all : allow(session, type, pending);
    if (allowed.upserts.length < all.upserts.length || allowed.removals.length < all.removals.length)
      waiting.add(type);
    ready.set(type, allowed);
  }
  return { ready, waiting };
}

export function isNothing(pending: Pick<Pending, 'upserts' | 'removals'>): boolean {
  return pending.upserts.length + pending.removals.length === 0;
}

function pendingFor(session: Session, type: TypeUrl): Pending {
  const state = session.types.get(type);
  // With a response in flight the type is not settled, whatever else is pending: no need to compare.
  if (state === undefined || state.inFlight !== null) return nothingPending;
  return withoutHeld(session, type, pendingOf(session, type));
}

/**
 * A resource that needs a cluster which the client refused is not sent: it would turn working routes into 503s.
 * What the client keeps instead still needs its clusters, so those stay, too.
 */
function withoutHeld(session: Session, type: TypeUrl, pending: Pending): Pending {
  if (isNothing(pending)) return pending;
  if (type === url.cluster) {
    const pinned = pinnedClusters(session);
    return pinned.size === 0
      ? pending
      : { ...pending, removals: pending.removals.filter((name) => !pinned.has(name)) };
  }
  const clusters = session.types.get(url.cluster);
  if (clusters === undefined || clusters.quarantine.size === 0) return pending;
  const upserts = pending.upserts.filter((entry) => !isHeld(session, entry));
  return { ...pending, upserts, isPartial: pending.isPartial || upserts.length < pending.upserts.length };
}

/** Whether a cluster it needs was refused, and the client has no earlier version of that cluster. */
export function isHeld(session: Session, entry: Entry): boolean {
  const clusters = session.types.get(url.cluster);
  if (clusters === undefined) return false;
  const stack = stackOf(session.view, url.cluster);
  return entry.clusters.some(
    (name) => isQuarantined(clusters, stack, name) && clusters.quarantine.get(name)?.lastGood === null,
  );
}

function pinnedClusters(session: Session): ReadonlySet<string> {
  return new Set(users.flatMap((type) => [...clustersOfStaying(session, type)]));
}

/** Of resources that the client keeps because it refused their successor, or the clusters this one needs. */
function* clustersOfStaying(session: Session, type: TypeUrl): Generator<string> {
  const state = session.types.get(type);
  if (state === undefined) return;
  const stack = stackOf(session.view, type);
  for (const [name, present] of state.behind) {
    const next = lookup(stack, name);
    const stays = isQuarantined(state, stack, name) || (next !== undefined && isHeld(session, next));
    if (stays) yield* present.entry?.clusters ?? [];
  }
}

function allow(session: Session, type: TypeUrl, pending: PendingByType): Pending {
  const all = pending.get(type) ?? nothingPending;
  switch (type) {
    case url.cluster:
      return users.every((user) => isSettled(session, user, pending)) ? all : { ...all, removals: [] };
    case url.route:
    case url.virtualHost: {
      const upserts = all.upserts.filter((entry) => !waitsForCluster(session, entry));
      const unlisted = isSettled(session, url.listener, pending);
      return {
        ...all,
        upserts,
        removals: unlisted ? all.removals : claimedAnew(session, type, all.removals, upserts),
      };
    }
    case url.listener: {
      const routed = isMade(session, url.route, pending) && isMade(session, url.virtualHost, pending);
      return {
        ...all,
        upserts: routed ? all.upserts.filter((entry) => !waitsForCluster(session, entry)) : [],
      };
    }
    default:
      return all;
  }
}

/** The client does not subscribe to the type, or has acknowledged all of it, removals included. */
function isSettled(session: Session, type: TypeUrl, pending: PendingByType): boolean {
  return isMade(session, type, pending) && (pending.get(type)?.removals.length ?? 0) === 0;
}

/** The client does not subscribe to the type, or has acknowledged everything new of it. */
function isMade(session: Session, type: TypeUrl, pending: PendingByType): boolean {
  const state = session.types.get(type);
  if (state === undefined) return true;
  return state.inFlight === null && (pending.get(type)?.upserts.length ?? 0) === 0;
}

/** It needs a cluster that the client is to get and has at no version yet. */
function waitsForCluster(session: Session, entry: Entry): boolean {
  const clusters = session.types.get(url.cluster);
  if (clusters === undefined) return false;
  const stack = stackOf(session.view, url.cluster);
  return entry.clusters.some(
    (name) => lookup(stack, name) !== undefined && clientHas(clusters, name).version === null,
  );
}

/** Removals that have to go together with an addition which takes over their domain or address. */
function claimedAnew(
  session: Session,
  type: TypeUrl,
  removals: readonly string[],
  upserts: readonly Entry[],
): readonly string[] {
  const state = session.types.get(type);
  if (state === undefined || removals.length === 0 || upserts.length === 0) return [];
  const claimed = new Set(upserts.flatMap((entry) => entry.claims));
  return removals.filter(
    (name) => clientHas(state, name).entry?.claims.some((claim) => claimed.has(claim)) ?? true,
  );
}
