// Limits of servers as people read them.
import { milliseconds } from './backend-text.ts';
import type { LimitAtServers, QuotaLimit, RateLimit, ServerLimit } from './explanation.ts';

/** `Limit` and what it is. */
export function limitText({ limit, endpoints }: LimitAtServers): readonly [title: string, text: string] {
  const [title, text] = textOfOne(limit);
  return [title, endpoints === null ? text : `${text}, at ${endpoints.join(', ')}`];
}

function textOfOne(limit: ServerLimit): readonly [title: string, text: string] {
  switch (limit.type) {
    case 'Rate':
      return ['Limit', rateText(limit)];
    case 'Quota':
      return ['Quota', quotaText(limit)];
    case 'AdmissionControl': {
      const { minSuccessPercentage, windowMs, minRequestsPerSecond, maxRejectionPercentage } = limit;
      const many =
        minRequestsPerSecond === 0 ? '' : ` of at least ${minRequestsPerSecond} requests per second`;
      return [
        'Admission',
        `up to ${maxRejectionPercentage}% get a 503 while less than ${minSuccessPercentage}%${many} succeed within ${milliseconds(windowMs)}`,
      ];
    }
    case 'AdaptiveConcurrency': {
      const { minConcurrency, maxConcurrency, tolerancePercentage } = limit;
      return [
        'Concurrency',
        `${minConcurrency} to ${maxConcurrency} requests at once, fewer while latency is more than ${tolerancePercentage}% above that of an idle server; others get a 503`,
      ];
    }
  }
}

function rateText({ requests, periodMs, burst, sharedBy }: RateLimit): string {
  const rate = `${requests} ${requests === 1 ? 'request' : 'requests'} per ${milliseconds(periodMs)}${burst === requests ? '' : `, ${burst} at once`}`;
  return `${rate} for ${sharedText(sharedBy)}; others get a 429`;
}

function quotaText({ cost, requests, periodMs, service, sharedBy }: QuotaLimit): string {
  const rate = `${requests} ${requests === 1 ? 'request' : 'requests'} per ${milliseconds(periodMs)}`;
  const counts = cost === 1 ? '' : ` (this one counts as ${cost})`;
  return `${rate} to all servers of ${service}, for ${sharedText(sharedBy)}${counts}; others get a 429`;
}

function sharedText(sharedBy: RateLimit['sharedBy']): string {
  if (sharedBy === null) return 'all callers together';
  const { by, value } = sharedBy;
  if (by === 'caller') return value === null ? "the caller's address" : `caller ${value}`;
  if (value === null) return `each ${by}`;
  return value === '-' ? `all requests without ${by}` : `${by} ${value}`;
}
