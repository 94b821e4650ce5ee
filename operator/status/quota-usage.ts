// Who uses how much of which quota: a list in the status of a TrafficPolicy. Pure.
import type { QuotaUsageStatus } from '../../api/v1alpha1/traffic/status.ts';
import type { QuotaReport } from '../conditions/quota-report.ts';
import type { Origin } from '../ir/origin.ts';
import { timestamp } from './object-status.ts';

/** `namespace/name` of a policy → what was seen of its quotas. */
export type QuotasByPolicy = ReadonlyMap<string, readonly QuotaReport[]>;

export function quotasByPolicy(reports: readonly QuotaReport[]): QuotasByPolicy {
  return Map.groupBy(reports, ({ policy }) => policy);
}

/** Those of a Namespace or the Mesh have quotas at each Service. */
const mostQuotas = 16;

/** Nothing while there is nothing to list. */
export function quotaStatusOf(
  { kind, namespace, name }: Origin,
  quotas: QuotasByPolicy,
): { readonly quotas?: QuotaUsageStatus[] } {
  const reports = kind === 'TrafficPolicy' ? (quotas.get(`${namespace}/${name}`) ?? []) : [];
  if (reports.length === 0) return {};
  const most = reports.toSorted((a, b) => requestsOf(b) - requestsOf(a)).slice(0, mostQuotas);
  return {
    quotas: most.map(({ quota, service, costHeader, sinceMs, admitted, refused, keys, users }) => ({
      name: quota,
      service,
      ...(costHeader !== null && { costHeader }),
      since: timestamp(new Date(sinceMs)),
      admitted,
      refused,
      keys,
      ...(users.length > 0 && { users: users.map((one) => ({ ...one, key: one.key.slice(0, 256) })) }),
    })),
  };
}

function requestsOf({ admitted, refused }: QuotaReport): number {
  return admitted + refused;
}
