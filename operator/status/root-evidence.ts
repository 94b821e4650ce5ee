// What sidecars have shown of the roots that they trust and of their certificates, from their acknowledgements. Pure. Entry: evidenceOf.
import type { Evidence, ProxyProof } from '../certificates/rotation.ts';
import { callersSecret, trustSecret } from '../envoy/resources/names.ts';
import { typeUrl } from '../envoy/proto/type-urls.ts';
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import { anyName } from '../xds/session/returning.ts';
import { compareText } from '../values/compare-text.ts';
import type { AbsentWorkload } from './absent.ts';

/** In the order of their workloads. One that is out of reach may run, and counts. */
export function evidenceOf(
  publishedTrust: string | null,
  proxies: readonly ProxyReport[],
  absent: readonly AbsentWorkload[],
): Evidence {
  const proofs = [...proxies.map(proofOf), ...absent.map(nothingOf)];
  return { publishedTrust, proxies: proofs.toSorted((a, b) => compareText(a.workload, b.workload)) };
}

function proofOf({
  workload,
  leftAtMs,
  since,
  leaf = null,
  layers,
  lagging,
  former,
}: ProxyReport): ProxyProof {
  const isOutdated = [...lagging, ...former].some(isTrust);
  return {
    workload,
    isConnected: leftAtMs === null,
    missingSince: leftAtMs === null ? null : since,
    // One that has not been shown anything yet may come with what it had before.
    hasPublishedTrust: layers.length > 0 && !isOutdated,
    leaf,
  };
}

const names: ReadonlySet<string> = new Set([trustSecret, callersSecret, anyName]);

function isTrust(resource: { readonly typeUrl: string; readonly name: string }): boolean {
  return resource.typeUrl === typeUrl.secret && names.has(resource.name);
}

function nothingOf({ workload, since }: AbsentWorkload): ProxyProof {
  return { workload, isConnected: false, missingSince: since, hasPublishedTrust: false, leaf: null };
}
