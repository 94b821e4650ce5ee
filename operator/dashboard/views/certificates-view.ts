// The root, and the certificates that proxies show. Pure.
import type { CertificatesView } from './json.ts';
import { nodesOf } from './nodes.ts';
import { conditionsOf } from './policies.ts';
import { proxyRow, reportsByWorkload } from './proxies.ts';
import type { Source } from './source.ts';

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
  const [mesh] = objects.meshes;
  const shown = [...reportsByWorkload(proxies).values()]
    .map((report) => proxyRow(report.workload, report, nodes))
    .toSorted((a, b) => ((a.issued ?? '') < (b.issued ?? '') ? -1 : 1))
    .slice(0, mostProxies);
  return {
    trustDomain: ir?.settings.trustDomain ?? '',
    rootExpires: rootNotAfter?.toISOString() ?? null,
    intermediateExpires: authority?.expiry.intermediate?.toISOString() ?? null,
    nextRenewal: nextRenewal?.toISOString() ?? null,
    issued,
    lifetimeMs: ir?.settings.certificates.ttlMs ?? null,
    problems,
    conditions: conditionsOf(statuses.get(`Mesh//${mesh?.metadata.name ?? ''}`)).filter(({ type }) =>
      /Authority|Certificates|Root/.test(type),
    ),
    proxies: shown.map(({ workload, node, issued: since }) => ({ workload, node, issued: since })),
  };
}
