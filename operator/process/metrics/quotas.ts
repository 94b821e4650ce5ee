// Metrics of quotas: what they admit, by what sidecars report to the leader.
import { Counter, type Registry } from 'prom-client';
import { prefix } from './prefix.ts';

const names = ['namespace', 'policy', 'quota'] as const;

export interface QuotaMetrics {
  /** quota: `shop/reviews/per-caller@shop/reviews`, of which there are as many as in policies. */
  quotaCounted(quota: string, counts: Readonly<Record<'admitted' | 'over' | 'refused', number>>): void;
  /** A sidecar reported of it whose workload does not have it. */
  quotaReportDropped(quota: string): void;
}

export function addQuotas(registry: Registry): QuotaMetrics {
  const requests = new Counter({
    name: `${prefix}quota_requests_total`,
    help: 'Requests (with cost, the units that they took) that quotas of TrafficPolicies admitted, admitted beyond the quota (over: with enforcement Audit, those that Enforce would refuse), or refused, as sidecars of all replicas reported to this one while it led.',
    labelNames: [...names, 'result'],
    registers: [registry],
  });
  const dropped = new Counter({
    name: `${prefix}quota_reports_dropped_total`,
    help: 'What sidecars reported of quotas of TrafficPolicies that their workloads do not have, which does not count.',
    labelNames: names,
    registers: [registry],
  });
  const quotaCounted: QuotaMetrics['quotaCounted'] = (key, { admitted, over, refused }) => {
    for (const [result, count] of Object.entries({ admitted, over, refused }))
      if (count > 0) requests.inc({ ...namesIn(key), result }, count);
  };
  return { quotaCounted, quotaReportDropped: (key) => dropped.inc(namesIn(key)) };
}

function namesIn(key: string): Readonly<Record<(typeof names)[number], string>> {
  const [namespace = '', policy = '', quota = ''] = key.slice(0, key.indexOf('@')).split('/');
  return { namespace, policy, quota };
}
