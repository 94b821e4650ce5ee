// Refusals as series of Prometheus: their labels, and how many there are at most.
import { expect, test } from '@jest/globals';
import { type Metric, noTags, type Point, type Tags } from '../../../operator/telemetry/point.ts';
import { RefusalSeries } from '../../../operator/telemetry/refusal-series.ts';

const callee = 'spiffe://cluster.local/ns/shop/sa/reviews';
const page = 'spiffe://cluster.local/ns/shop/sa/page';
const rule = 'shop/reviews/no-admin';
const hasAny = (): boolean => true;

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
  expect(new RefusalSeries().labelsOf(refused, callee, hasAny)).toMatchObject({
    ...labels,
    callee: 'shop/reviews',
  });
});

test('other counts are no refusals', () => {
  expect(
    new RefusalSeries().labelsOf(point({ source: page }, 'inbound.requests'), callee, hasAny),
  ).toBeNull();
});

test('a rule that the workload does not have is other: nobody can name policies of others', () => {
  const made = new RefusalSeries().labelsOf(
    point({ source: page, rule: 'bank/vault/r' }),
    callee,
    () => false,
  );

  expect(made).toEqual({
    enforcement: 'Enforce',
    namespace: 'other',
    policy: 'other',
    rule: 'other',
    caller: 'shop/page',
    callee: 'shop/reviews',
  });
});

test('there are so many series and no more: what comes later is other, what was there stays', () => {
  const series = new RefusalSeries({ most: 2, reserved: 10 });
  const policyOf = (name: string): string | undefined =>
    series.labelsOf(point({ source: page, rule: `shop/${name}/r` }), callee, hasAny)?.policy;

  expect(['a', 'b', 'c', 'a', 'd'].map(policyOf)).toEqual(['a', 'b', 'other', 'a', 'other']);
});

test('one service account takes its share, and leaves room for others', () => {
  const series = new RefusalSeries({ most: 100, reserved: 2, ofOne: 20 });
  const of = (account: string, caller: string): string => {
    const found = series.labelsOf(
      point({ source: `spiffe://cluster.local/ns/shop/sa/${caller}`, rule }),
      `spiffe://cluster.local/ns/shop/sa/${account}`,
      hasAny,
    );
    return `${found?.caller} ${found?.callee}`;
  };
  const forged = Array.from({ length: 1_000 }, (_, at) => of('reviews', `c${at}`));

  expect(new Set(forged).size).toBe(21);
  expect(forged.at(-1)).toBe('other shop/reviews');
  expect(of('ratings', 'page')).toBe('shop/page shop/ratings');
  // Ten who forge: those who have little still find room.
  for (let account = 0; account < 10; account += 1)
    for (let at = 0; at < 100; at += 1) of(`a${account}`, `c${at}`);
  expect(of('details', 'page')).toBe('shop/page shop/details');
});
