// What a client keeps because it refused something: resources are held back that need a cluster which it refused, and clusters
// that something it keeps still needs stay. Pure.
import { typeUrl as url, type TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { Entry } from '../snapshot/types.ts';
import { covers } from './subscription.ts';
import { lookup, stackOf } from './view.ts';
import { isNothing, isQuarantined, type Pending } from './pending.ts';
import { clientHas, type ClientHas, type Session } from './state.ts';

/** These name clusters, and are routed by. */
export const routers: readonly TypeUrl[] = [url.route, url.virtualHost, url.listener];
/** All that name clusters. */
export const clusterUsers: readonly TypeUrl[] = [url.extensionConfig, ...routers];

/**
 * A resource that needs a cluster which the client refused is not sent: it would turn working routes into 503s.
 * What the client keeps instead still needs its clusters, so those stay, too.
 */
export function withoutHeld(session: Session, type: TypeUrl, pending: Pending): Pending {
  if (isNothing(pending)) return pending;
  if (type === url.cluster) {
    return { ...pending, removals: withoutPinned(session, pending.removals) };
  }
  if (type === url.endpoint) return withoutUsed(session, pending);
  const clusters = session.types.get(url.cluster);
  if (clusters === undefined || clusters.quarantine.size === 0) return pending;
  const held = new Set(pending.upserts.filter((entry) => isHeld(session, entry)));
  if (held.size === 0) return pending;
  const upserts = pending.upserts.flatMap((entry) =>
    held.has(entry) ? heldInstead(session, type, entry) : [entry],
  );
  return { ...pending, upserts, isPartial: true };
}

/**
 * Who may have lost what it had before the held one gets that again: a virtual host goes with its route configuration. If nobody
 * knows what that was, the held one goes after all: a host of which some routes answer 503 is better than none.
 */
function heldInstead(session: Session, type: TypeUrl, held: Entry): readonly Entry[] {
  const state = session.types.get(type);
  if (state?.asked.has(held.name) !== true) return [];
  const { entry, version } = clientHas(state, held.name);
  if (entry !== null && !isHeld(session, entry)) return [entry];
  return type === url.virtualHost && version !== null ? [held] : [];
}

/** Whether a cluster it needs was refused, and the client has no earlier version of that cluster. */
export function isHeld(session: Session, entry: Entry): boolean {
  return entry.clusters.some((name) => isUnobtainable(session, name));
}

/** The client refused the cluster, and has no earlier version of it. */
export function isUnobtainable(session: Session, cluster: string): boolean {
  const clusters = session.types.get(url.cluster);
  return (
    clusters !== undefined &&
    covers(clusters.subscription, cluster) &&
    isQuarantined(clusters, stackOf(session.view, url.cluster), cluster) &&
    clusters.quarantine.get(cluster)?.lastGood === null
  );
}

/** Endpoints leave after their cluster, so that nobody uses it without them. Envoy lets go of them by itself then, mostly. */
function withoutUsed(session: Session, pending: Pending): Pending {
  const clusters = session.types.get(url.cluster);
  if (clusters === undefined || pending.removals.length === 0) return pending;
  const stack = stackOf(session.view, url.cluster);
  const removals = pending.removals.filter(
    (name) => lookup(stack, name) !== undefined || isMereAnswer(clientHas(clusters, name)),
  );
  return { ...pending, removals };
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
  const staying = clusterUsers.flatMap((type) => [...stayingOf(session, type)]);
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

/** It asked for a name that it does not have: to hear that there is no such resource breaks nothing. */
export function isMereAnswer({ version, certain }: ClientHas): boolean {
  return version === null && certain;
}

/** Of such a resource we know the version only. */
export function isFromEarlierStream({ version, entry }: ClientHas): boolean {
  return version !== null && entry === null;
}
