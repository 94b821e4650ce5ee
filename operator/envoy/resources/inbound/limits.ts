// What is too much for an application, and how it learns who calls, as a chain of filters for an HTTP port, by ECDS: its filters
// remember what they have seen until this one resource changes, and no change of routes, endpoints or other ports does that.
import type { InboundPortIr, LimitsIr, QuotaIr } from '../../../ir/inbound.ts';
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import type { Origin } from '../../../ir/origin.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { sidecarPorts } from '../names.ts';
import { limitsOf } from '../placeholders.ts';
import { resource } from '../resource.ts';
import { any, type NamedExtension } from '../typed-config.ts';
import type { XdsResource } from '../xds-resource.ts';
import { callerHeaders } from './caller-headers.ts';
import { admissionControl, adaptiveConcurrency } from './overload.ts';
import { quotaScript } from './quota-script.ts';
import { quotaFilters } from './quotas.ts';
import { rateLimits, withKeys } from './rate-limits.ts';

/** Those with connection managers of their own. */
export function httpPorts({ inbound, intercepted }: WorkloadIr): readonly InboundPortIr[] {
  return inbound.filter(
    ({ protocol, port, listenAddress }) =>
      protocol === 'HTTP' && (intercepted ? !sidecarPorts.includes(port) : listenAddress !== null),
  );
}

/** Of the ports where something is too much. servers: how many share each of its quotas (quota-servers.ts). */
export function buildLimits(workload: WorkloadIr, mesh: Origin, servers: string): readonly XdsResource[] {
  const quotas = httpPorts(workload).flatMap(({ limits }) => limits?.quotas ?? []);
  const counts = servers.split(',').map(Number);
  const byQuota = new Map(quotas.map((quota, index) => [quota, counts[index] ?? 1] as const));
  return httpPorts(workload).flatMap(({ port, limits }) => {
    if (limits === null) return [];
    const { name } = limitsOf(String(port)).filter;
    const typed_config = any('envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig', {
      default_filter_chain: { filters: filtersOf(limits, workload, byQuota) },
    });
    const origins = [mesh, ...limits.origins];
    return [resource(typeUrl.extensionConfig, { name, message: { name, typed_config }, origins })];
  });
}

/** Last what measures the application: nothing else is to be between them. */
function filtersOf(
  limits: LimitsIr,
  workload: WorkloadIr,
  servers: ReadonlyMap<QuotaIr, number>,
): readonly NamedExtension[] {
  return [
    // Before what may count by it.
    ...callerHeaders(limits.callerHeaders),
    ...withKeys(
      [...limits.rates, ...limits.quotas].map(({ per }) => per),
      // What a server refuses for itself uses up nobody's quota.
      [
        ...rateLimits(limits.rates),
        ...quotaScript(limits.quotas),
        ...limits.quotas.flatMap((quota) => quotaFilters(quota, workload, servers.get(quota) ?? 1)),
      ],
    ),
    ...(limits.admissionControl === null ? [] : [admissionControl(limits.admissionControl)]),
    ...(limits.adaptiveConcurrency === null ? [] : [adaptiveConcurrency(limits.adaptiveConcurrency)]),
  ];
}
