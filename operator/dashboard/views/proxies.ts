// How the proxies of some workloads stand. Pure.
import { originText } from '../../ir/origin.ts';
import type { ProxyReport } from '../../xds/session/proxy-report.ts';
import type { ProxiesView, ProxyCount, ProxyRow } from './json.ts';
import { type Nodes, nodesOf } from './nodes.ts';
import type { Source } from './source.ts';
import { isoOf } from './seen.ts';

const mostRows = 1000;

export function proxiesView({ ir, pods, proxies }: Source): ProxiesView {
  const nodes = nodesOf(ir, pods);
  const reports = reportsByWorkload(proxies);
  const keys = [...new Set([...(ir?.workloads ?? []).map(({ key }) => key), ...reports.keys()])].toSorted();
  const rows = keys.map((key) => proxyRow(key, reports.get(key), nodes));
  return {
    proxies: proxyCount(keys.map((key) => reports.get(key))),
    rows: rows.toSorted((a, b) => currentLast(a) - currentLast(b)).slice(0, mostRows),
  };
}

function currentLast({ state }: ProxyRow): number {
  return state === 'Current' ? 1 : 0;
}

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
    current: reports.filter((it) => it !== undefined && stateOf(it) === 'Current').length,
    rejecting: reports.filter((it) => it !== undefined && it.rejected.length > 0).length,
  };
}

export function proxyRow(workload: string, report: ProxyReport | undefined, nodes: Nodes): ProxyRow {
  const node = nodes.ofWorkload(workload)?.id ?? null;
  if (report === undefined) return { workload, node, state: 'Unseen', detail: '', since: null, issued: null };
  const { since, leaf = null } = report;
  return {
    workload,
    node,
    state: stateOf(report),
    detail: detailOf(report),
    since: since === null ? null : since.toISOString(),
    issued: leaf === null ? null : isoOf(leaf.issuedMs),
  };
}

function stateOf({ leftAtMs, lagging, former, rejected }: ProxyReport): ProxyRow['state'] {
  if (leftAtMs !== null) return 'Away';
  if (rejected.length > 0) return 'Rejected';
  return lagging.length === 0 && former.length === 0 ? 'Current' : 'Pending';
}

function detailOf({ rejected, lagging, former }: ProxyReport): string {
  const [refused] = rejected;
  if (refused !== undefined) return refused.message;
  const [first] = [...lagging, ...former];
  if (first === undefined) return '';
  const more = lagging.length + former.length - 1;
  const from = (first.origins ?? []).map(originText).slice(0, 3).join(', ');
  return `${first.name}${from === '' ? '' : ` of ${from}`}${more === 0 ? '' : `, and ${more} more`}`;
}
