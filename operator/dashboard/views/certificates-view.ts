// The root, and the certificates that proxies show. Pure.
import { conditionType } from '../../conditions/conditions.ts';
import { byText } from '../../values/compare-text.ts';
import type { CertificatesView } from './json.ts';
import { nodesOf } from './nodes.ts';
import { conditionsOf } from './policies.ts';
import { proxyRow, reportsByWorkload } from './proxies.ts';
import type { Source } from './source.ts';

const isShown: ReadonlySet<string> = new Set([
  conditionType.authorityHealthy,
  conditionType.certificatesDelivered,
  conditionType.rootRotated,
]);
const mostProxies = 1000;

export function certificatesView({
  ir,
  pods,
  objects,
  proxies,
  statuses,
  certificates,
}: Source): CertificatesView {
  const { authority, rootNotAfter, nextRenewal, issued, problems } = certificates;
  const nodes = nodesOf(ir, pods);
  const shown = [...reportsByWorkload(proxies).values()]
    .map((report) => proxyRow(report.workload, report, nodes))
    .toSorted(byText(({ issued: when }) => when ?? ''))
    .slice(0, mostProxies);
  return {
    trustDomain: ir?.settings.trustDomain ?? '',
    rootExpires: isoOrNull(rootNotAfter),
    intermediateExpires: isoOrNull(authority?.expiry.intermediate),
    nextRenewal: isoOrNull(nextRenewal),
    issued,
    lifetimeMs: ir?.settings.certificates.ttlMs ?? null,
    problems,
    conditions: conditionsOf(statuses.get(meshKey(objects))).filter(({ type }) => isShown.has(type)),
    proxies: shown.map(({ workload, node, issued: since }) => ({ workload, node, issued: since })),
  };
}

function meshKey({ meshes: [mesh] }: Source['objects']): string {
  return `Mesh//${mesh?.metadata.name ?? ''}`;
}

function isoOrNull(date: Date | null | undefined): string | null {
  return date?.toISOString() ?? null;
}
