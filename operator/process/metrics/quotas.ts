// Metrics of quotas: what they admit, by what sidecars report to the leader.
import { Counter, type Registry } from 'prom-client';
import { prefix } from './prefix.ts';

const labelNames = ['namespace', 'policy', 'quota', 'result'] as const;

export interface QuotaMetrics {
  /** quota: `shop/reviews/per-caller@shop/reviews`, of which there are as many as in policies. */
  quotaCounted(quota: string, counts: Readonly<Record<'admitted' | 'over' | 'refused', number>>): void;
}

export function addQuotas(registry: Registry): QuotaMetrics {
  const requests = new Counter({
    name: `${prefix}quota_requests_total`,
    help: 'Requests that quotas of TrafficPolicies admitted, admitted beyond the quota (over: with enforcement Audit, those that Enforce would refuse), or refused, as sidecars of all replicas reported to this one while it led.',
    labelNames,
    registers: [registry],
  });
  const quotaCounted: QuotaMetrics['quotaCounted'] = (key, { admitted, over, refused }) => {
    const [namespace = '', policy = '', quota = ''] = key.slice(0, key.indexOf('@')).split('/');
    for (const [result, count] of Object.entries({ admitted, over, refused }))
      if (count > 0) requests.inc({ namespace, policy, quota, result }, count);
  };
  return { quotaCounted };
}
