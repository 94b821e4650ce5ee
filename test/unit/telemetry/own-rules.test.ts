// Which rules a sidecar is believed to have.
import { expect, test } from '@jest/globals';
import type { AuthorizationIr, RuleIr } from '../../../operator/ir/inbound.ts';
import type { WorkloadIr } from '../../../operator/ir/mesh-ir.ts';
import { OwnRules } from '../../../operator/telemetry/own-rules.ts';
import { sampleInbound, sampleWorkload } from '../../support/mesh-samples.ts';

function rule(id: string): RuleIr {
  return { id, callers: 'anyone', unidentified: true, requests: 'any' };
}

function workload(name: string, authorization: AuthorizationIr, audit: AuthorizationIr | null): WorkloadIr {
  return sampleWorkload(name, { inbound: [sampleInbound(80, 8080, { authorization, audit })] });
}

const reviews = workload(
  'reviews',
  { deny: [rule('shop/reviews/deny')], allow: [rule('shop/reviews/allow')] },
  { deny: [rule('shop/trial/deny')], allow: 'all' },
);
const ratings = workload('ratings', { deny: [rule('shop/ratings/deny')], allow: 'all' }, null);

test('those in force and those on trial, of its own workload', () => {
  const rules = new OwnRules();
  rules.update([reviews, ratings], 0);
  const has = (id: string): boolean => rules.has(reviews.key, id, 0);

  expect(['shop/reviews/deny', 'shop/reviews/allow', 'shop/trial/deny'].filter(has)).toHaveLength(3);
  // The second of that name.
  expect(has('shop/reviews/deny#1')).toBe(true);
  expect(['shop/ratings/deny', 'shop/reviews/other', 'shop/reviews', ''].filter(has)).toEqual([]);
  expect(rules.has('Pod/shop/unknown', 'shop/reviews/deny', 0)).toBe(false);
});

test('those of before are believed for a minute, while sidecars report what they counted by them', () => {
  const rules = new OwnRules();
  rules.update([ratings], 0);
  // As often as it changes in a large mesh.
  for (let nowMs = 16_000; nowMs <= 20_000; nowMs += 100) rules.update([reviews], nowMs);
  rules.update([], 40_000);

  expect(rules.has(ratings.key, 'shop/ratings/deny', 41_000)).toBe(true);
  expect(rules.has(reviews.key, 'shop/reviews/deny', 80_000)).toBe(true);
  expect(rules.has(ratings.key, 'shop/ratings/deny', 76_001)).toBe(false);
  expect(rules.has(reviews.key, 'shop/reviews/deny', 100_001)).toBe(false);
});
