// Who uses how much of which quota, for statuses: worked out every half minute by the operator that leads.
import { createHash } from 'node:crypto';
import type { QuotaReport } from '../conditions/quota-report.ts';
import { otherKey, readQuotaKey } from '../envoy/resources/inbound/quota-script.ts';
import type { QuotaIr } from '../ir/inbound.ts';
import type { WorkloadIr } from '../ir/mesh-ir.ts';
import { quotasOf } from '../ir/quota.ts';
import type { Clock } from '../process/clock.ts';
import type { Ledger } from '../quotas/ledger.ts';
import type { QuotaUsage } from '../quotas/usage.ts';
import { rememberLast } from '../values/remember.ts';
import { isSameValue } from '../values/same-value.ts';
import type { Reads, Writes } from './part.ts';

type Cells = Reads<'translation'> & Writes<'quotaReports'>;

export interface UsageReports {
  begin(): void;
  end(): void;
}

/** A status with counts is written that often at most, in milliseconds. */
const everyMs = 30_000;
/** What is counted of shorter periods is over when it is written. */
const leastPeriodMs = 60_000;
const noWorkloads: readonly WorkloadIr[] = [];

export function createUsageReports(
  { translation, quotaReports }: Cells,
  ledger: Pick<Ledger, 'usage'>,
  clock: Pick<Clock, 'now' | 'after'>,
): UsageReports {
  const placedIn = rememberLast(quotasOf);
  let cancel: (() => void) | undefined;
  const look = (): void => {
    const placed = placedIn(translation.get().ir?.workloads ?? noWorkloads);
    const reports = ledger.usage(clock.now()).flatMap((usage): QuotaReport[] => {
      const quota = placed.get(usage.quota)?.quota;
      return quota === undefined || quota.periodMs < leastPeriodMs ? [] : [reportOf(quota, usage)];
    });
    if (!isSameValue(reports, quotaReports.get())) quotaReports.set(reports);
    cancel = clock.after(everyMs, look);
  };
  const end = (): void => {
    cancel?.();
    if (quotaReports.get().length > 0) quotaReports.set([]);
  };
  return { begin: look, end };
}

function reportOf(
  { id, service, per, cost }: QuotaIr,
  { sinceMs, keys, total, top }: QuotaUsage,
): QuotaReport {
  const [namespace = '', policy = '', quota = ''] = id.split('/');
  return {
    policy: `${namespace}/${policy}`,
    quota,
    service,
    costHeader: cost?.header ?? null,
    sinceMs,
    admitted: total.allowed,
    refused: total.denied,
    keys,
    users:
      per === 'All'
        ? []
        : top.map(({ key, usage: { allowed, denied } }) => {
            return { key: shown(key, per), admitted: allowed, refused: denied };
          }),
  };
}

/** Of headers whose values open doors. */
const secret = /auth|cookie|credential|key|pass|secret|session|token/;

/** Whoever reads policies must not learn secrets from it. */
function shown(key: string, per: QuotaIr['per']): string {
  if (key === otherKey) return '(others)';
  if (key === '-') return '(none)';
  const value = readQuotaKey(key);
  if (typeof per === 'string' || !secret.test(per.header)) return value;
  return `sha256:${createHash('sha256').update(value).digest('hex').slice(0, 12)}`;
}
