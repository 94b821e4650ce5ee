// Proxies whose stream has ended while their workload is still there: what they were known to have when they left, so that
// nobody takes their silence for obedience. Entry: DepartedProxies.
import type { Clock } from '../../process/clock.ts';
import type { ProxyReport } from '../session/proxy-report.ts';
import { reportOf } from '../session/report.ts';
import { withView } from '../session/session.ts';
import type { Session } from '../session/state.ts';
import { sameView, type View } from '../session/view.ts';
import type { Snapshot } from '../snapshot/types.ts';
import type { Stream } from './stream.ts';
import { viewIn } from './view-in.ts';

interface Departed {
  readonly workload: string;
  readonly nodeId: string;
  readonly connectedAtMs: number;
  readonly leftAtMs: number;
  readonly since: Date;
  session: Session;
  report: ProxyReport | null;
}

export class DepartedProxies {
  private readonly clock: Clock;
  /** By node id: the latest of each, as a workload has one proxy. */
  private readonly known = new Map<string, Departed>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Of a stream that has just ended. */
  add({ workload, nodeId, connectedAtMs, session }: Stream): void {
    if (workload === null || session.view === null) return;
    const left = { leftAtMs: this.clock.monotonicMs(), since: new Date(this.clock.now()) };
    this.known.set(nodeId, { workload, nodeId, connectedAtMs, session, ...left, report: null });
  }

  /** It is back: what it had, if it is known. */
  take(nodeId: string): Session | null {
    const session = this.known.get(nodeId)?.session ?? null;
    this.known.delete(nodeId);
    return session;
  }

  all(): Iterable<{ readonly workload: string }> {
    return this.known.values();
  }

  /** On those whose workload is still in the snapshot, and that are not among the connected ones by now. */
  reports(snapshot: Snapshot | null, connected: readonly ProxyReport[]): readonly ProxyReport[] {
    if (this.known.size === 0) return [];
    const present = new Set(connected.map(({ nodeId }) => nodeId));
    const reports: ProxyReport[] = [];
    for (const [nodeId, departed] of this.known) {
      const view = viewIn(snapshot, departed.workload, departed.session.view);
      if (view === undefined || present.has(nodeId)) this.known.delete(nodeId);
      else reports.push(reportOn(departed, view));
    }
    return reports;
  }
}

function reportOn(departed: Departed, view: View | null): ProxyReport {
  if (view === null || !sameView(departed.session.view, view)) {
    if (view !== null) departed.session = withView(departed.session, { view });
    departed.report = null;
  }
  const { session, report: _, ...left } = departed;
  departed.report ??= { ...left, layers: view?.layers ?? [], ...reportOf(session) };
  return departed.report;
}
