// What is known of the proxy of a stream. Made once for each state of its session.
import type { ProxyReport } from '../session/proxy-report.ts';
import { reportOf } from '../session/report.ts';
import type { Session } from '../session/state.ts';
import type { Stream } from './stream.ts';

const reports = new WeakMap<Session, ProxyReport>();

/** Of a stream whose workload is known. */
export function proxyReport({ workload, nodeId, connectedAtMs, session }: Stream): ProxyReport {
  const known = reports.get(session);
  if (known?.workload === workload) return known;
  const layers = session.isHeld ? [] : (session.view?.layers ?? []);
  const report = { workload: workload ?? '', nodeId, connectedAtMs, layers, ...reportOf(session) };
  reports.set(session, report);
  return report;
}
