// Make before break on one stream: which of the pending resources may go now. What routes need is acknowledged
// before the routes go; what they no longer need leaves after they are acknowledged as gone. Envoy withholds the
// acknowledgement of clusters until they are warm, so it is the proof.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#eventual-consistency-considerations
import { typeUrl as url, type TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { Entry } from '../snapshot/types.ts';
import { covers } from './subscription.ts';
import { PerType } from './per-type.ts';
import { lookup, stackOf } from './view.ts';
import { isOpen } from './open-types.ts';
import {
  clusterUsers,
  isFromEarlierStream,
  isMereAnswer,
  isUnobtainable,
  routers,
  withoutHeld,
} from './held.ts';
import { isNothing, nothingPending, pendingOf, type Pending } from './pending.ts';
import { clientHas, type Session } from './state.ts';

export interface Plan {
  /** What may go now, of each type; nothing of a type that has a response in flight. */
  readonly ready: PerType<Pending>;
  /** Types of which something waits for another type's acknowledgement. */
  readonly waiting: ReadonlySet<TypeUrl>;
}

/**
 * Runtime values by themselves, as Envoy asks for nothing else before it has them. Then clusters with their endpoints, filters
 * that use them, what routes to them and names what those filters know, and last what leads to the routes.
 */
export const sendOrder: readonly TypeUrl[] = [
  url.runtime,
  url.cluster,
  url.endpoint,
  url.secret,
  url.extensionConfig,
  url.route,
  url.virtualHost,
  url.listener,
];

const aheadOfListeners: readonly TypeUrl[] = [url.extensionConfig, url.route, url.virtualHost];

type PendingByType = PerType<Pending>;

const nobody: ReadonlySet<TypeUrl> = new Set();
const nothingToSend: Plan = { ready: PerType.none(), waiting: nobody };

/** `overdue`: types that have waited long enough to go out of order. */
export function planSends(session: Session, overdue: ReadonlySet<TypeUrl>): Plan {
  let pending: PendingByType = nothingToSend.ready;
  for (const type of sendOrder) {
    if (!isOpen(session.open, type)) continue;
    const all = pendingFor(session, type);
    if (all !== nothingPending) pending = pending.with(type, all);
  }
  if (pending.size === 0) return nothingToSend;
  let ready = pending;
  let { waiting } = nothingToSend;
  for (const type of sendOrder) {
    const all = pending.get(type);
    if (all === undefined || overdue.has(type)) continue;
    const allowed = allow(session, type, pending);
    if (allowed.upserts.length < all.upserts.length || allowed.removals.length < all.removals.length)
      waiting = new Set([...waiting, type]);
    if (allowed !== all) ready = ready.with(type, allowed);
  }
  return { ready, waiting };
}

/** What can be sent of a type, and is not under way: to be allowed in its turn. */
export function pendingFor(session: Session, type: TypeUrl): Pending {
  const state = session.types.get(type);
  // With a response in flight the type is not settled, whatever else is pending: no need to compare.
  if (state === undefined || state.inFlight !== null) return nothingPending;
  return withoutHeld(session, type, pendingOf(session, type));
}

function allow(session: Session, type: TypeUrl, pending: PendingByType): Pending {
  const all = pending.get(type) ?? nothingPending;
  if (isNothing(all)) return all;
  switch (type) {
    case url.cluster:
      return { ...all, removals: unusedClusters(session, all.removals, pending) };
    case url.extensionConfig:
      return { ...all, upserts: withClusters(session, all.upserts) };
    case url.route:
    case url.virtualHost: {
      const upserts = isMade(session, url.extensionConfig, pending) ? withClusters(session, all.upserts) : [];
      const unlisted = isSettled(session, url.listener, pending);
      return {
        ...all,
        upserts,
        removals: unlisted ? all.removals : heldAnew(session, type, all.removals, upserts),
      };
    }
    case url.listener: {
      const isReady = aheadOfListeners.every((it) => isMade(session, it, pending));
      return { ...all, upserts: isReady ? withClusters(session, all.upserts) : [] };
    }
    default:
      return all;
  }
}

/**
 * Those that no route leads to any more. A client that comes back with clusters from an earlier stream has routes from there,
 * too: it will tell of them in its next requests.
 */
function unusedClusters(
  session: Session,
  removals: readonly string[],
  pending: PendingByType,
): readonly string[] {
  const clusters = session.types.get(url.cluster);
  if (clusters === undefined || removals.length === 0) return removals;
  if (!clusterUsers.every((user) => isSettled(session, user, pending)))
    return removals.filter((name) => isMereAnswer(clientHas(clusters, name)));
  if (routers.every((router) => session.types.has(router))) return removals;
  return removals.filter((name) => !isFromEarlierStream(clientHas(clusters, name)));
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

/** Those of which the client has the clusters. The same list if it has them all. */
function withClusters(session: Session, upserts: readonly Entry[]): readonly Entry[] {
  const clusters = session.types.get(url.cluster);
  const stack = stackOf(session.view, url.cluster);
  if (clusters === undefined) return upserts;
  const hasAll = clusters.base === stack && clusters.behind.size === 0 && clusters.inFlight === null;
  if (hasAll && clusters.subscription.wildcard) return upserts;
  const ready = upserts.filter((entry) => !waitsForCluster(session, entry));
  return ready.length === upserts.length ? upserts : ready;
}

/** It needs a cluster that the client is to get and has at no version yet, or is just losing. */
function waitsForCluster(session: Session, entry: Entry): boolean {
  const clusters = session.types.get(url.cluster);
  if (clusters === undefined) return false;
  const stack = stackOf(session.view, url.cluster);
  return entry.clusters.some(
    (name) =>
      lookup(stack, name) !== undefined &&
      covers(clusters.subscription, name) &&
      !isUnobtainable(session, name) &&
      (clientHas(clusters, name).version === null || clusters.inFlight?.sent.get(name) === null),
  );
}

/** Removals that have to go together with an addition which takes over their domain or address, and those of what the client has not. */
function heldAnew(
  session: Session,
  type: TypeUrl,
  removals: readonly string[],
  upserts: readonly Entry[],
): readonly string[] {
  const state = session.types.get(type);
  if (state === undefined || removals.length === 0) return [];
  const held = new Set(upserts.flatMap((entry) => entry.exclusiveKeys));
  return removals.filter((name) => {
    const present = clientHas(state, name);
    const keys = present.entry?.exclusiveKeys;
    return present.version === null || (keys?.some((key) => held.has(key)) ?? upserts.length > 0);
  });
}
