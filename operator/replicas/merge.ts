// The reports of all replicas in one list, each on the leader's own snapshot. Pure.
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import type { Snapshot } from '../xds/snapshot/types.ts';
import type { Own } from './delta.ts';
import { judge } from './judge.ts';
import { emptyPeer, type PeerState } from './peer-state.ts';

/** A proxy that is seen more than once, as when it has just moved, counts where it connected last. */
export function merge(own: Own, peers: readonly PeerState[]): readonly ProxyReport[] {
  const latest = new Map<string, ProxyReport>();
  const note = (report: ProxyReport): void => {
    const key = `${report.workload} ${report.nodeId}`;
    const known = latest.get(key);
    if (known === undefined || known.connectedAtMs <= report.connectedAtMs) latest.set(key, report);
  };
  const { snapshot } = own;
  for (const report of own.proxies) note(snapshot === null ? report : withView(report, snapshot));
  if (snapshot === null) return [...latest.values()];
  for (const peer of peers) {
    for (const proxy of peer.proxies.values()) {
      const report = judge(proxy, peer, snapshot);
      if (report !== null) note(report);
    }
  }
  return [...latest.values()];
}

const waiting = new WeakMap<ProxyReport, { readonly snapshot: Snapshot; readonly report: ProxyReport }>();

/** A proxy that has not been shown anything yet lacks everything that it is to have. */
function withView(report: ProxyReport, snapshot: Snapshot): ProxyReport {
  if (report.layers.length > 0) return report;
  const known = waiting.get(report);
  if (known?.snapshot === snapshot) return known.report;
  const ackState = { lagging: [], rejected: [], atRest: false };
  const judged = judge({ ...report, ackState }, emptyPeer, snapshot);
  const lackingAll = judged === null ? report : { ...judged, former: report.former };
  waiting.set(report, { snapshot, report: lackingAll });
  return lackingAll;
}
