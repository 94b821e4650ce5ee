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
import { isQuarantined, nothingPending, pendingOf, type Pending } from './pending.ts';
import { clientHas, type ClientHas, type Session } from './state.ts';

export interface Plan {
  /** What may go now, of each type; nothing of a type that has a response in flight. */
  readonly ready: PerType<Pending>;
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

export function isNothing(pending: Pick<Pending, 'upserts' | 'removals'>): boolean {
  return pending.upserts.length + pending.removals.length === 0;
}

/** What can be sent of a type, and is not under way: to be allowed in its turn. */
export function pendingFor(session: Session, type: TypeUrl): Pending {
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
    return { ...pending, removals: withoutPinned(session, pending.removals) };
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
    (name) =>
      covers(clusters.subscription, name) &&
      isQuarantined(clusters, stack, name) &&
      clusters.quarantine.get(name)?.lastGood === null,
  );
}

function withoutPinned(session: Session, removals: readonly string[]): readonly string[] {
  const clusters = session.types.get(url.cluster);
  if (clusters === undefined || removals.length === 0) return removals;
  const pinned = pinnedClusters(session);
  return removals.filter(
    (name) => isMereAnswer(clientHas(clusters, name)) || (pinned !== 'unknown' && !pinned.has(name)),
  );
}

function pinnedClusters(session: Session): ReadonlySet<string> | 'unknown' {
  const staying = users.flatMap((type) => [...stayingOf(session, type)]);
  // Nobody knows what it needs of what it has from an earlier stream, or took from a refused response.
  if (staying.some((present) => !present.certain || isFromEarlierStream(present))) return 'unknown';
  return new Set(staying.flatMap(({ entry }) => entry?.clusters ?? []));
}

/** Resources that the client keeps because it refused their successor, or the clusters this one needs. */
function* stayingOf(session: Session, type: TypeUrl): Generator<ClientHas> {
  const state = session.types.get(type);
  if (state === undefined) return;
  const stack = stackOf(session.view, type);
  for (const [name, present] of state.behind) {
    const next = lookup(stack, name);
    // What is published may use what is published; it is not kept in place of anything.
    if (present.certain && present.version !== null && present.version === next?.version) continue;
    const stays = isQuarantined(state, stack, name) || (next !== undefined && isHeld(session, next));
    if (stays) yield present;
  }
}

function allow(session: Session, type: TypeUrl, pending: PendingByType): Pending {
  const all = pending.get(type) ?? nothingPending;
  if (isNothing(all)) return all;
  switch (type) {
    case url.cluster:
      return { ...all, removals: unusedClusters(session, all.removals, pending) };
    case url.route:
    case url.virtualHost: {
      const upserts = withClusters(session, all.upserts);
      const unlisted = isSettled(session, url.listener, pending);
      return {
        ...all,
        upserts,
        removals: unlisted ? all.removals : heldAnew(session, type, all.removals, upserts),
      };
    }
    case url.listener: {
      const routed = isMade(session, url.route, pending) && isMade(session, url.virtualHost, pending);
      return {
        ...all,
        upserts: routed ? withClusters(session, all.upserts) : [],
      };
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
  if (!users.every((user) => isSettled(session, user, pending)))
    return removals.filter((name) => isMereAnswer(clientHas(clusters, name)));
  if (users.every((user) => session.types.has(user))) return removals;
  return removals.filter((name) => !isFromEarlierStream(clientHas(clusters, name)));
}

/** It asked for a name that it does not have: to hear that there is no such resource breaks nothing. */
function isMereAnswer({ version, certain }: ClientHas): boolean {
  return version === null && certain;
}

/** Of such a resource we know the version only. */
function isFromEarlierStream({ version, entry }: ClientHas): boolean {
  return version !== null && entry === null;
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
      (clientHas(clusters, name).version === null || clusters.inFlight?.sent.get(name) === null),
  );
}

/** Removals that have to go together with an addition which takes over their domain or address, and mere answers. */
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
    return isMereAnswer(present) || (keys?.some((key) => held.has(key)) ?? upserts.length > 0);
  });
}
