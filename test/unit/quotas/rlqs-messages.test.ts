// Reports and assignments in bytes.
import { expect, test } from '@jest/globals';
import type { EnvoyMessage } from '../../../operator/envoy/proto/envoy-message.ts';
import { decode, encodeMessage } from '../../../operator/envoy/proto/registry.ts';
import { mostBytesOf, readReport, writeAssignments } from '../../../operator/quotas/rlqs-messages.ts';
import type { Assignment } from '../../../operator/quotas/rule.ts';

const service = 'envoy.service.rate_limit_quota.v3';
const id = { quota: 'shop/reviews/all@shop/reviews', key: '*' };

test('a report is read, without buckets of others', () => {
  const bytes = encodeMessage(`${service}.RateLimitQuotaUsageReports`, {
    domain: 'meshwright',
    bucket_quota_usages: [
      {
        bucket_id: { bucket: id },
        time_elapsed: { seconds: 5 },
        num_requests_allowed: 7,
        num_requests_denied: 2,
      },
      { bucket_id: { bucket: { quota: 'of somebody' } }, num_requests_allowed: 1 },
      { bucket_id: { bucket: { ...id, key: 'k'.repeat(5_000) } }, num_requests_allowed: 1 },
    ],
  });

  expect(readReport(bytes)).toEqual([{ ...id, usage: { allowed: 7, denied: 2 } }]);
});

test('bytes that are no report are an error', () => {
  expect(() => readReport(Buffer.from('no report'))).toThrow(Error);
});

test('a report of 10,000 buckets is read; one of ever more, or of ever more fields in a bucket, is not', () => {
  const reportOf = (bucket_quota_usages: readonly EnvoyMessage[]): Uint8Array =>
    encodeMessage(`${service}.RateLimitQuotaUsageReports`, { domain: 'meshwright', bucket_quota_usages });
  const usage = (key: string): EnvoyMessage => ({
    bucket_id: { bucket: { ...id, key } },
    time_elapsed: { seconds: 5, nanos: 1 },
    num_requests_allowed: 7,
    num_requests_denied: 2,
  });
  const keys = Array.from({ length: 10_000 }, (_, at) => String(at));
  const bucket = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [String(at), '']));

  expect(readReport(reportOf(keys.map((key) => usage(key))))).toHaveLength(10_000);
  expect(() => readReport(Buffer.alloc(1_000_000, '\u0012\0', 'latin1'))).toThrow('too many fields');
  expect(() => readReport(reportOf([{ bucket_id: { bucket } }]))).toThrow('too many fields');
});

const refuse = { blanket_rule: 'DENY_ALL' };
const bucket = (tokens: number): object => ({
  token_bucket: { max_tokens: tokens, tokens_per_fill: 1, fill_interval: { seconds: 946_080_000 } },
});

test.each<[string, Assignment, readonly unknown[]]>([
  ['so many from now on', { type: 'Tokens', tokens: 5 }, [refuse, bucket(5)]],
  ['none', { type: 'Tokens', tokens: 0 }, [refuse]],
  [
    'a rate',
    { type: 'Rate', burst: 3, tokens: 5, periodMs: 2_000 },
    [{ token_bucket: { max_tokens: 3, tokens_per_fill: 5, fill_interval: { seconds: 2 } } }],
  ],
  ['all', { type: 'Allow' }, [{ blanket_rule: 'ALLOW_ALL' }]],
  ['no rate', { type: 'Rate', burst: 0, tokens: 0, periodMs: 2_000 }, [refuse]],
])('%s', (_, assignment, strategies) => {
  const { bucket_action: actions } = decode(
    `${service}.RateLimitQuotaResponse`,
    writeAssignments([{ ...id, assignment }]),
  );

  expect(actions).toMatchObject(
    strategies.map((rate_limit_strategy) => ({
      bucket_id: { bucket: id },
      quota_assignment_action: { rate_limit_strategy },
    })),
  );
});

test('how large they are at most is known before they are written', () => {
  const key = '\u20ac'.repeat(4_096);
  const assignment = { type: 'Tokens', tokens: 1_000_000 } as const;

  const bytes = writeAssignments([{ ...id, key, assignment }]).length;

  expect(mostBytesOf({ ...id, key, assignment })).toBeGreaterThanOrEqual(bytes);
  expect(mostBytesOf({ ...id, key: '', assignment })).toBeGreaterThanOrEqual(
    writeAssignments([{ ...id, key: '', assignment }]).length,
  );
});

test('a bucket that is to be forgotten', () => {
  const bytes = writeAssignments([{ ...id, assignment: { type: 'Forget' } }]);

  expect(decode(`${service}.RateLimitQuotaResponse`, bytes)).toEqual({
    bucket_action: [{ bucket_id: { bucket: id }, abandon_action: {} }],
  });
});
