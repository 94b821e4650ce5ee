// Proxies of other replicas that are not heard of any more, though their workload is still there: they left, or the replica
// did that they were connected to. Entry: LeftProxies.
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import type { Snapshot } from '../xds/snapshot/types.ts';
import { judge } from './judge.ts';
import type { PeerProxy, PeerState } from './peer-state.ts';

interface Left {
  readonly proxy: PeerProxy;
  /** As it was when it left. */
  readonly peer: PeerState;
  readonly leftAtMs: number;
  readonly since: Date;
  report: { readonly judged: ProxyReport; readonly report: ProxyReport } | null;
}

export class LeftProxies {
  /** By node id: the latest of each, as a workload has one proxy. */
  readonly #known = new Map<string, Left>();

  add(
    proxy: PeerProxy,
    peer: PeerState,
    now: { readonly monotonicMs: number; readonly wallMs: number },
  ): void {
    const since = new Date(now.wallMs);
    this.#known.set(proxy.nodeId, { proxy, peer, leftAtMs: now.monotonicMs, since, report: null });
  }

  /** It is heard of again. */
  delete({ nodeId }: PeerProxy): void {
    this.#known.delete(nodeId);
  }

  clear(): void {
    this.#known.clear();
  }

  workloads(): readonly string[] {
    return [...this.#known.values()].map(({ proxy }) => proxy.workload);
  }

  /** On those whose workload is still there; the others are forgotten. */
  reports(snapshot: Snapshot): readonly ProxyReport[] {
    const reports: ProxyReport[] = [];
    for (const [nodeId, left] of this.#known) {
      const judged = judge(left.proxy, left.peer, snapshot);
      if (judged === null) this.#known.delete(nodeId);
      else reports.push(reportOn(left, judged));
    }
    return reports;
  }

  /** Forgets those whose reports are not among these: they are back somewhere. */
  retain(reports: ReadonlySet<ProxyReport>): void {
    for (const [nodeId, { report }] of this.#known)
      if (report !== null && !reports.has(report.report)) this.#known.delete(nodeId);
  }
}

/** The same object while nothing about it changes. */
function reportOn(left: Left, judged: ProxyReport): ProxyReport {
  if (left.report?.judged !== judged) {
    const { leftAtMs, since } = left;
    left.report = { judged, report: { ...judged, leftAtMs, since } };
  }
  return left.report.report;
}
