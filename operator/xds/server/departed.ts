// Proxies whose stream has ended while their workload is still there: what they were known to have when they left, so that
// nobody takes their silence for obedience. Entry: DepartedProxies.
import type { Clock } from '../../process/clock.ts';
import type { PresentedLeaf } from '../../values/presented-leaf.ts';
import type { ProxyReport } from '../session/proxy-report.ts';
import { allOf, reportOf } from '../session/report.ts';
import { withView } from '../session/session.ts';
import type { Session } from '../session/state.ts';
import { sameView, type View } from '../session/view.ts';
import type { Snapshot } from '../snapshot/types.ts';
import { isSameAccount } from './authorize.ts';
import type { Stream } from './stream.ts';
import { viewIn } from './view-in.ts';

interface Departed {
  readonly workload: string;
  readonly nodeId: string;
  /** Its SPIFFE id; null: nobody had to prove one. */
  readonly identity: string | null;
  readonly connectedAtMs: number;
  readonly leftAtMs: number;
  readonly since: Date;
  readonly leaf: PresentedLeaf | null;
  session: Session;
  report: ProxyReport | null;
  /** Its workload has another service account by now: until it bears that, it is told nothing, and obeys as somebody else. */
  isStranger: boolean;
}

/** The SPIFFE id that a workload has to prove; undefined while that is unknown. */
type IdentityOf = (workload: string) => string | undefined;

export class DepartedProxies {
  private readonly clock: Clock;
  private readonly identityOf: IdentityOf;
  /** By node id: the latest of each, as a workload has one proxy. */
  private readonly known = new Map<string, Departed>();

  constructor(clock: Clock, identityOf: IdentityOf) {
    this.clock = clock;
    this.identityOf = identityOf;
  }

  /** Of a stream that has just ended. */
  add({ workload, nodeId, identity, connectedAtMs, leaf, session }: Stream): void {
    if (workload === null || session.view === null) return;
    const left = { leftAtMs: this.clock.monotonicMs(), since: new Date(this.clock.now()) };
    const unreported = { leaf, report: null, isStranger: false };
    this.known.set(nodeId, { workload, nodeId, identity, connectedAtMs, session, ...left, ...unreported });
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
      else reports.push(this.reportOn(departed, view));
    }
    return reports;
  }

  private reportOn(departed: Departed, view: View | null): ProxyReport {
    const isStranger = !isSameAccount(departed.identity, this.identityOf(departed.workload));
    if (view === null || !sameView(departed.session.view, view) || isStranger !== departed.isStranger) {
      if (view !== null) departed.session = withView(departed.session, { view });
      departed.report = null;
    }
    departed.isStranger = isStranger;
    departed.report ??= newReport(departed, view);
    return departed.report;
  }
}

function newReport(departed: Departed, view: View | null): ProxyReport {
  const { workload, nodeId, connectedAtMs, leftAtMs, since, leaf, session, isStranger } = departed;
  const left = { workload, nodeId, connectedAtMs, leftAtMs, since, leaf, layers: view?.layers ?? [] };
  const report = { ...left, ...reportOf(session) };
  return isStranger && view !== null ? { ...report, lagging: allOf(view) } : report;
}
