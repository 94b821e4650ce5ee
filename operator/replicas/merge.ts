// The reports of all replicas in one list, each on the leader's own snapshot. Pure.
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import type { Snapshot } from '../xds/snapshot/types.ts';
import type { Own } from './delta.ts';
import { judge } from './judge.ts';
import { emptyPeer, type PeerState } from './peer-state.ts';

/** How long the end of a broken stream may go unnoticed: the keepalive of the xDS port, with something to spare. */
const unnoticedMs = 45_000;

/**
 * `left`: reports on proxies of other replicas that have left.
 *
 * Every connected stream counts, as two of one identity may be two proxies. One that has left counts until the proxy is seen
 * again, wherever that is.
 */
export function merge(
  own: Own,
  peers: readonly PeerState[],
  left: readonly ProxyReport[] = [],
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
  return withoutReturned(reports);
}

function withoutReturned(reports: readonly ProxyReport[]): readonly ProxyReport[] {
  if (reports.every(({ leftAtMs }) => leftAtMs === null)) return reports;
  const latest = new Map<string, number>();
  for (const { nodeId, leftAtMs, connectedAtMs } of reports)
    if (leftAtMs === null) latest.set(nodeId, Math.max(connectedAtMs, latest.get(nodeId) ?? -Infinity));
  return reports.filter(
    ({ nodeId, leftAtMs }) => leftAtMs === null || (latest.get(nodeId) ?? -Infinity) < leftAtMs - unnoticedMs,
  );
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
