// How the proxies of some workloads stand. Pure.
import type { ProxyReport } from '../../xds/session/proxy-report.ts';
import type { ProxyCount } from './json.ts';

/** Of several streams of one workload the one that is connected, or came last. */
export function reportsByWorkload(proxies: readonly ProxyReport[]): ReadonlyMap<string, ProxyReport> {
  const reports = new Map<string, ProxyReport>();
  for (const report of proxies) {
    const known = reports.get(report.workload);
    if (known === undefined || isBetter(report, known)) reports.set(report.workload, report);
  }
  return reports;
}

function isBetter(report: ProxyReport, known: ProxyReport): boolean {
  if ((report.leftAtMs === null) !== (known.leftAtMs === null)) return report.leftAtMs === null;
  return report.connectedAtMs > known.connectedAtMs;
}

/** undefined: a proxy of which there is no report. */
export function proxyCount(reports: readonly (ProxyReport | undefined)[]): ProxyCount {
  return {
    all: reports.length,
    current: reports.filter((it) => it !== undefined && isCurrent(it)).length,
    rejecting: reports.filter((it) => it !== undefined && it.rejected.length > 0).length,
  };
}

function isCurrent({ leftAtMs, lagging, former }: ProxyReport): boolean {
  return leftAtMs === null && lagging.length === 0 && former.length === 0;
}
