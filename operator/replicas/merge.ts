// The reports of all replicas in one list, each on the leader's own snapshot. Pure.
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import type { Snapshot } from '../xds/snapshot/types.ts';
import type { Own } from './delta.ts';
import { judge } from './judge.ts';
import { emptyPeer, type PeerState } from './peer-state.ts';

/** How long the end of a broken stream may go unnoticed: the keepalive of the xDS port, with something to spare. */
const unnoticedMs = 45_000;

export interface MergeOptions {
  /** Reports on proxies of other replicas that have left. Default: none. */
  readonly left?: readonly ProxyReport[];
  /** By the clock of `connectedAtMs` and `leftAtMs`. */
  readonly nowMs: number;
}

/**
 * Every connected stream counts, as two of one identity may be two proxies. One that has left counts until the proxy is seen
 * again, wherever that is.
 */
export function merge(
  own: Own,
  peers: readonly PeerState[],
  { left = [], nowMs }: MergeOptions,
): readonly ProxyReport[] {
  const { snapshot } = own;
  if (snapshot === null) return own.proxies;
  const reports = [
    ...own.proxies.map((report) => withView(report, snapshot)),
    ...peers.flatMap((peer) =>
      [...peer.proxies.values()].flatMap((proxy) => judge(proxy, peer, snapshot) ?? []),
    ),
    ...left,
  ];
  return withoutReturned(reports, nowMs);
}

/** When one of these that has left is taken for one that is connected; null: none will be by itself. */
export function nextTakenAtMs(reports: readonly ProxyReport[]): number | null {
  const connected = latestByNode(reports.filter((it) => it.leftAtMs === null));
  const times = reports.flatMap(({ nodeId, leftAtMs }) =>
    leftAtMs !== null && connected.has(nodeId) ? [leftAtMs + unnoticedMs] : [],
  );
  return times.length === 0 ? null : Math.min(...times);
}

/**
 * One that left is the one that is connected, if that came later, or has outlived it: a stream that was broken would have ended
 * by then.
 */
function withoutReturned(reports: readonly ProxyReport[], nowMs: number): readonly ProxyReport[] {
  const left = reports.filter((it) => it.leftAtMs !== null);
  if (left.length === 0) return reports;
  const connected = latestByNode(reports.filter((it) => it.leftAtMs === null));
  const lastLeft = latestByNode(left);
  return reports.filter((report) => {
    const { nodeId, leftAtMs } = report;
    if (leftAtMs === null) return true;
    const present = connected.get(nodeId);
    if (present === undefined) return report === lastLeft.get(nodeId);
    const knownAliveAtMs = leftAtMs + unnoticedMs;
    return present.connectedAtMs < leftAtMs - unnoticedMs && nowMs < knownAliveAtMs;
  });
}

/** By node id, the one that connected last. */
function latestByNode(reports: readonly ProxyReport[]): ReadonlyMap<string, ProxyReport> {
  const latest = new Map<string, ProxyReport>();
  for (const report of reports) {
    const known = latest.get(report.nodeId);
    if (known === undefined || known.connectedAtMs < report.connectedAtMs) latest.set(report.nodeId, report);
  }
  return latest;
}

const waiting = new WeakMap<ProxyReport, { readonly snapshot: Snapshot; readonly report: ProxyReport }>();

/** A proxy that has not been shown anything yet lacks everything that it is to have. */
function withView(report: ProxyReport, snapshot: Snapshot): ProxyReport {
  if (report.layers.length > 0) return report;
  const known = waiting.get(report);
  if (known?.snapshot === snapshot) return known.report;
  const ackState = { lagging: [], rejected: [], former: [], atRest: false };
  const judged = judge({ ...report, ackState }, emptyPeer, snapshot);
  const { former, since, leftAtMs } = report;
  const lackingAll = judged === null ? report : { ...judged, former, since, leftAtMs };
  waiting.set(report, { snapshot, report: lackingAll });
  return lackingAll;
}
