// Filters of quotas: what holds without the operator, and when refused requests may come again.
import { expect, test } from '@jest/globals';
import { quotaScript, readQuotaKey } from '../../../../operator/envoy/resources/inbound/quota-script.ts';
import { quotaFilters } from '../../../../operator/envoy/resources/inbound/quotas.ts';
import type { QuotaIr } from '../../../../operator/ir/inbound.ts';
import { sampleWorkload } from '../../../support/mesh-samples.ts';

const quota: QuotaIr = {
  id: 'shop/reviews/all',
  service: 'shop/reviews',
  match: { path: null, method: null, headers: [] },
  per: 'All',
  cost: null,
  requests: 100,
  periodMs: 60_000,
  window: 'Fixed',
  burst: null,
  isEnforced: true,
  whenUnavailable: 'Share',
};

interface Bucket {
  readonly no_assignment_behavior: { readonly fallback_rate_limit: object };
  readonly expired_assignment_behavior: { readonly fallback_rate_limit: object };
  readonly deny_response_settings: {
    readonly response_headers_to_add: readonly {
      readonly header: { readonly key: string; readonly value: string };
    }[];
  };
}

function bucketOf(parts: Partial<QuotaIr>): Bucket {
  const [filter] = quotaFilters({ ...quota, ...parts }, sampleWorkload('server'), 2);
  const { typed_config: settings } = filter as unknown as {
    readonly typed_config: {
      readonly bucket_matchers: {
        readonly on_no_match: { readonly action: { readonly typed_config: Bucket } };
      };
    };
  };
  return settings.bucket_matchers.on_no_match.action.typed_config;
}

const allow = { blanket_rule: 'ALLOW_ALL' };
const deny = { blanket_rule: 'DENY_ALL' };
const share = {
  token_bucket: { max_tokens: 50, tokens_per_fill: 50, fill_interval: { seconds: 60, nanos: 0 } },
};

test.each<[Partial<QuotaIr>, object, object]>([
  [{ whenUnavailable: 'Share' }, allow, share],
  [{ whenUnavailable: 'Allow' }, allow, allow],
  [{ whenUnavailable: 'Deny' }, deny, deny],
  [{ whenUnavailable: 'Share', isEnforced: false }, allow, allow],
  [{ whenUnavailable: 'Deny', isEnforced: false }, allow, allow],
])('%j before the first assignment, and after the last', (parts, before, after) => {
  expect(bucketOf(parts)).toMatchObject({
    no_assignment_behavior: { fallback_rate_limit: before },
    expired_assignment_behavior: { fallback_rate_limit: after },
  });
});

function addedTo(parts: Partial<QuotaIr>): Readonly<Record<string, string>> {
  const added = bucketOf(parts).deny_response_settings.response_headers_to_add;
  return Object.fromEntries(added.map(({ header: { key, value } }) => [key, value]));
}

test('with costs there is a filter for each unit of the highest, all of the same bucket; without, one', () => {
  const cost = { header: 'x-cost', default: 2, maximum: 4 };
  const filters = quotaFilters({ ...quota, cost }, sampleWorkload('server'), 2);
  const buckets = filters.map((it) => /"bucket_id_builder":\{[^}]*\}[^}]*\}/.exec(JSON.stringify(it))?.[0]);

  expect(filters).toHaveLength(4);
  expect(new Set(filters.map(({ name }) => name)).size).toBe(4);
  expect([buckets.every((it) => it !== undefined), new Set(buckets).size]).toEqual([true, 1]);
  expect(quotaFilters(quota, sampleWorkload('server'), 2)).toHaveLength(1);
});

test('of a sliding window the response says when one request more may come', () => {
  const parts = { window: 'Sliding' } as const;
  expect(addedTo(parts)).toMatchObject({ 'retry-after': '1', 'x-ratelimit-reset': '1' });
  expect(addedTo({ ...parts, requests: 7 })).toMatchObject({ 'retry-after': '9', 'x-ratelimit-reset': '9' });
});

test('until a fixed window ends depends on the time: the script reads from the response how long it is', () => {
  expect(addedTo({})).toMatchObject({ 'x-ratelimit-limit': '100, 100;w=60' });
  expect(addedTo({})).not.toHaveProperty('retry-after');
});

test('the script is the same, whatever quotas there are', () => {
  expect(quotaScript([quota])).toEqual(quotaScript([quota, { ...quota, id: 'shop/other/all', requests: 1 }]));
});

test.each([
  ['50%25 off', '50% off'],
  ['J%C3%BCrgen', 'Jürgen'],
  ['a%E9', 'a%E9'],
  ['50% off', '50% off'],
])('the key %s stands for the value %s', (key, value) => {
  expect(readQuotaKey(key)).toBe(value);
});
