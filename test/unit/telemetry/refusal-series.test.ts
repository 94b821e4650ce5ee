// Refusals as series of Prometheus: their labels, and how many there are at most.
import { expect, test } from '@jest/globals';
import { type Metric, noTags, type Point, type Tags } from '../../../operator/telemetry/point.ts';
import { RefusalSeries } from '../../../operator/telemetry/refusal-series.ts';

const callee = 'spiffe://cluster.local/ns/shop/sa/reviews';
const page = 'spiffe://cluster.local/ns/shop/sa/page';
const rule = 'shop/reviews/no-admin';

function point(tags: Partial<Tags>, metric: Metric = 'inbound.refusals'): Point {
  const none = { ...noTags, port: '80' };
  return { metric, tags: { ...none, ...tags }, count: 1, buckets: null };
}

test.each<readonly [string, Point, object]>([
  [
    'a Deny rule',
    point({ source: page, rule }),
    { enforcement: 'Enforce', namespace: 'shop', policy: 'reviews', rule: 'no-admin', caller: 'shop/page' },
  ],
  [
    'no Allow rule of any policy',
    point({ source: page }, 'inbound.audit_refusals'),
    { enforcement: 'Audit', namespace: '', policy: '', rule: '', caller: 'shop/page' },
  ],
  ['a caller without an identity', point({ source: '10.0.0.1', rule }), { caller: 'unidentified' }],
  [
    'a caller of another trust domain',
    point({ source: 'spiffe://other/ns/shop/sa/page', rule }),
    { caller: 'spiffe://other/ns/shop/sa/page' },
  ],
  ['callers that the store does not tell apart', point({ source: 'other', rule }), { caller: 'other' }],
])('%s', (_what, refused, labels) => {
  expect(new RefusalSeries().labelsOf(refused, callee)).toMatchObject({ ...labels, callee: 'shop/reviews' });
});

test('other counts are no refusals', () => {
  expect(new RefusalSeries().labelsOf(point({ source: page }, 'inbound.requests'), callee)).toBeNull();
});

test('there are so many series and no more: what comes later is other, what was there stays', () => {
  const series = new RefusalSeries(2);
  const policyOf = (name: string): string | undefined =>
    series.labelsOf(point({ source: page, rule: `shop/${name}/r` }), callee)?.policy;

  expect(['a', 'b', 'c', 'a', 'd'].map(policyOf)).toEqual(['a', 'b', 'other', 'a', 'other']);
});
