// What is known of the proxy of a stream. Made once for each state of its session.
import type { ProxyReport } from '../session/proxy-report.ts';
import { knowsNothing, reportOf } from '../session/report.ts';
import type { Session } from '../session/state.ts';
import type { Stream } from './stream.ts';

interface Known {
  readonly earlier: Session | null;
  readonly report: ProxyReport;
}

const reports = new WeakMap<Session, Known>();

/** Of a stream whose workload is known. */
export function proxyReport(stream: Stream): ProxyReport {
  const { session, earlier, workload, behindSince } = stream;
  const known = reports.get(session);
  const isSame = known?.report.workload === workload && known.report.since === behindSince;
  if (isSame && known.earlier === earlier) return known.report;
  const report = {
    workload: workload ?? '',
    nodeId: stream.nodeId,
    connectedAtMs: stream.connectedAtMs,
    leftAtMs: null,
    since: behindSince,
    leaf: stream.leaf,
    layers: knowsNothing(session) ? [] : (session.view?.layers ?? []),
    ...reportOf(session, earlier),
  };
  reports.set(session, { earlier, report });
  return report;
}
