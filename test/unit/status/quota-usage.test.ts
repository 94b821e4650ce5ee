// Who uses how much of which quota, in the status of a TrafficPolicy.
import { expect, test } from '@jest/globals';
import { TrafficPolicyStatus } from '../../../api/v1alpha1/traffic/status.ts';
import type { QuotaReport } from '../../../operator/conditions/quota-report.ts';
import { quotasByPolicy, quotaStatusOf } from '../../../operator/status/quota-usage.ts';

const origin = { kind: 'TrafficPolicy', namespace: 'shop', name: 'reviews', generation: 1 };
const report: QuotaReport = {
  policy: 'shop/reviews',
  quota: 'per-user',
  service: 'shop/reviews',
  costHeader: null,
  sinceMs: 0,
  admitted: 100,
  refused: 20,
  keys: 2,
  users: [
    { key: 'ann', admitted: 90, refused: 20 },
    { key: 'u'.repeat(300), admitted: 10, refused: 0 },
  ],
};

test('is told as the schema has it', () => {
  const { quotas } = quotaStatusOf(origin, quotasByPolicy([report]));

  expect(quotas).toEqual([
    {
      name: 'per-user',
      service: 'shop/reviews',
      since: '1970-01-01T00:00:00Z',
      admitted: 100,
      refused: 20,
      keys: 2,
      users: [
        { key: 'ann', admitted: 90, refused: 20 },
        { key: 'u'.repeat(256), admitted: 10, refused: 0 },
      ],
    },
  ]);
  expect(TrafficPolicyStatus.shape.quotas.safeParse(quotas).success).toBe(true);
});

test('of a quota with cost, which header says what is counted', () => {
  const { quotas } = quotaStatusOf(origin, quotasByPolicy([{ ...report, costHeader: 'x-cost' }]));

  expect(quotas).toMatchObject([{ name: 'per-user', costHeader: 'x-cost', admitted: 100 }]);
  expect(TrafficPolicyStatus.shape.quotas.safeParse(quotas).success).toBe(true);
});

test('of a quota of many Services: those with the most requests', () => {
  const reports = Array.from({ length: 100 }, (_, index) => {
    return { ...report, service: `shop/service-${index}`, admitted: index, users: [] };
  });

  const { quotas } = quotaStatusOf(origin, quotasByPolicy(reports));

  expect(quotas).toHaveLength(16);
  expect(quotas?.[0]).toMatchObject({ service: 'shop/service-99' });
  expect(TrafficPolicyStatus.shape.quotas.safeParse(quotas).success).toBe(true);
});

test.each([
  ['of another policy', { ...origin, name: 'ratings' }],
  ['of another kind', { ...origin, kind: 'SecurityPolicy' }],
])('nothing is told %s', (_what, other) => {
  expect(quotaStatusOf(other, quotasByPolicy([report]))).toEqual({});
});
