// What a request takes of a quota with costs, as explain reads it from the filters.
import { expect, test } from '@jest/globals';
import { quotaFilters } from '../../../operator/envoy/resources/inbound/quotas.ts';
import { arrivedAt } from '../../../operator/explain/arrived.ts';
import { messageIn } from '../../../operator/explain/fields.ts';
import { quotaOf, withCosts } from '../../../operator/explain/quota.ts';
import { limitText } from '../../../operator/explain/limit-text.ts';
import type { QuotaIr } from '../../../operator/ir/inbound.ts';
import { sampleWorkload } from '../../support/mesh-samples.ts';

const quota: QuotaIr = {
  id: 'shop/reviews/all',
  service: 'shop/reviews',
  match: { path: null, method: null, headers: [] },
  per: 'All',
  cost: { header: 'x-cost', default: 2, maximum: 4 },
  requests: 100,
  periodMs: 60_000,
  window: 'Fixed',
  burst: null,
  isEnforced: true,
  whenUnavailable: 'Share',
};

function explained(said: string | null): ReturnType<typeof withCosts> {
  const headers = said === null ? [] : [['x-cost', said] as const];
  const arrived = arrivedAt({ method: 'GET', path: '/', authority: 'reviews', headers }, null);
  const filters = quotaFilters(quota, sampleWorkload('server'), 2);
  return withCosts(filters.flatMap((it) => quotaOf(messageIn(it, 'typed_config') ?? {}, arrived)));
}

test.each([
  [null, 2],
  ['1', 1],
  ['3', 3],
  ...['4', '5', '0', '-1', '01', '1.0', '1e0', ' 1', '1,1', '1\n', '', 'x'].map((said) => [said, 4] as const),
])('x-cost: %j costs %i', (said, cost) => {
  expect(explained(said)).toMatchObject([{ type: 'Quota', cost }]);
});

test('it says so', () => {
  const [limit] = explained('3');
  const source = { kind: 'default' } as never;

  expect(limit && limitText({ limit, endpoints: null, source })[1]).toBe(
    '100 requests per 60s to all servers of shop/reviews, for all callers together (this one counts as 3); others get a 429',
  );
});
