// How the scenes judge what came out of them.
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Condition } from '../../../api/v1alpha1/common.ts';
import { TrafficPolicySpec } from '../../../api/v1alpha1/traffic/policy.ts';
import { refusalFields } from '../../../demo/scenes/access-log.ts';
import { metricOf } from '../../../demo/mesh/http-text.ts';
import { fault } from '../../../demo/scenes/fault.ts';
import { invalid } from '../../../demo/scenes/invalid.ts';
import { refusal } from '../../../demo/scenes/refusal.ts';
import { rejected } from '../../../demo/scenes/rejected.ts';
import { changed, operatorKilled } from '../../../demo/scenes/operator-killed.ts';
import { reviewsPolicy, withRetries } from '../../../demo/scenes/reviews-policy.ts';
import { countVersions, split } from '../../../demo/scenes/split.ts';

const holds = (checks: readonly { holds: boolean }[]): boolean[] => checks.map((check) => check.holds);

function specOf(text: string): unknown {
  return z.object({ spec: z.unknown() }).parse(parse(text)).spec;
}

describe('the policy of reviews', () => {
  test('is valid with and without retries', () => {
    const specs = [reviewsPolicy({ v1: 90 }), reviewsPolicy({ v1: 50, more: withRetries })].map(
      (text) => TrafficPolicySpec.parse(specOf(text)).routes[1],
    );

    expect(specs).toMatchObject([
      {
        backends: [
          { subset: 'v1', weight: 90 },
          { subset: 'v2', weight: 10 },
        ],
      },
      {
        backends: [{ weight: 50 }, { weight: 50 }],
        retry: { attempts: 8, retryOn: ['ConnectFailure', 'ServerError'] },
      },
    ]);
  });

  test('is invalid with a word for a weight', () => {
    const spec = specOf(reviewsPolicy({ v1: 'ninety' }));

    expect(TrafficPolicySpec.safeParse(spec).error?.issues.map(({ path }) => path.join('.'))).toEqual([
      'routes.1.backends.0.weight',
    ]);
  });
});

describe('the split', () => {
  test('holds if one in ten went to v2 and all testers to v3', () => {
    const outcome = {
      everyone: new Map([
        ['v1', 896],
        ['v2', 104],
      ]),
      testers: new Map([['v3', 50]]),
    };

    expect(holds(split.check(outcome))).toEqual([true, true, true]);
  });

  test('fails if the weights were turned round, a call failed, or a tester got another version', () => {
    const outcome = {
      everyone: new Map([
        ['v1', 99],
        ['v2', 900],
        ['status 503', 1],
      ]),
      testers: new Map([
        ['v3', 49],
        ['v1', 1],
      ]),
    };

    expect(holds(split.check(outcome))).toEqual([false, false, false]);
  });

  test('counts the version of reviews anywhere in the chain, and failures by their status', () => {
    const answer = { service: 'productpage', version: 'v1', upstream: { service: 'reviews', version: 'v2' } };

    const counts = countVersions([
      { status: 200, body: '', answer },
      { status: 503, body: '', answer: undefined },
    ]);

    expect(counts).toEqual(
      new Map([
        ['v2', 1],
        ['status 503', 1],
      ]),
    );
  });
});

test('the fault holds only if it was seen before the retries and not after', () => {
  expect(holds(fault.check({ failedBefore: 120, failedAfter: 0 }))).toEqual([true, true]);
  expect(holds(fault.check({ failedBefore: 0, failedAfter: 120 }))).toEqual([false, false]);
});

describe('the killed operator', () => {
  const counters = { 'listener_manager.listener_modified': 0, 'cluster_manager.cluster_modified': 2 };

  test('names every counter that moved', () => {
    const moved = { ...counters, 'cluster_manager.cluster_modified': 3 };

    expect(changed(new Map([['visitor', counters]]), new Map([['visitor', moved]]))).toEqual([
      'visitor cluster_manager.cluster_modified 2 → 3',
    ]);
  });

  test('fails if a call failed or a sidecar was not reached', () => {
    const same = new Map([['visitor', counters]]);

    const checks = operatorKilled.check({
      traffic: { sent: 500, failures: new Map([['503 gone', 1]]) },
      before: same,
      after: same,
      edited: { conditions: [], proxies: { programmed: 0, total: 1, summary: '0/1' } },
    });

    expect(holds(checks)).toEqual([false, true, false]);
  });
});

test('of a line of the access log only what tells of the refusal is shown', () => {
  const line = { method: 'GET', bytes_sent: 19, response_code: 403, response_code_details: 'rbac[x]' };

  expect([refusalFields(JSON.stringify(line)), refusalFields('no json')]).toEqual([
    ['method: GET', 'response_code: 403', 'response_code_details: rbac[x]'],
    ['no json'],
  ]);
});

describe('the refusal', () => {
  const outcome = {
    before: 200,
    after: 403,
    throughReviews: 200,
    logLine: 'x rbac_access_denied_matched_policy[shop/ratings/no-visitors] y',
  };

  test('holds if the visitor lost its access, reviews did not, and the log names the rule', () => {
    expect(holds(refusal.check(outcome))).toEqual([true, true, true]);
  });

  test('fails if the visitor never had access, or if the log names no rule', () => {
    const logLine = 'rbac_access_denied_matched_policy[none]';

    expect(holds(refusal.check({ ...outcome, before: 403, logLine }))).toEqual([false, true, false]);
  });
});

describe('the mistakes', () => {
  const condition = (type: string, status: 'True' | 'False', message: string): Condition => ({
    type,
    status,
    message,
    reason: 'Any',
    observedGeneration: 2,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });
  const good = { conditions: [condition('Programmed', 'True', 'Done.')] };
  const calm = { sent: 100, failures: new Map<string, number>() };

  test('of a user are found by their field, while traffic goes on', () => {
    const broken = {
      conditions: [condition('Accepted', 'False', 'spec.routes[1].backends[0].weight is a string.')],
    };

    expect(holds(invalid.check({ broken, traffic: calm, testersOnV3: 30, repaired: good }))).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  test('that only Envoy finds come with its words and the name of a proxy', () => {
    const words =
      'Fix spec.routes[0].matches[0].headers[0].value. ExternalWorkload/shop/visitor rejected VirtualHost "x": invalid perl operator: (?=.';
    const outcome = { other: good, v2: 200, traffic: calm };

    const proven = { conditions: [condition('Programmed', 'False', words)] };
    const unproven = {
      conditions: [condition('Programmed', 'False', 'Our own check refused ExternalWorkload shop/x.')],
    };

    expect(holds(rejected.check({ ...outcome, rejected: proven }))).toEqual([true, true, true, true, true]);
    expect(holds(rejected.check({ ...outcome, rejected: unproven }))).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
  });

  test('count as failed if a single call failed meanwhile', () => {
    const traffic = { sent: 100, failures: new Map([['503', 1]]) };

    expect(holds(rejected.check({ rejected: good, other: good, v2: 200, traffic })).at(-1)).toBe(false);
  });
});

test('one metric is read from a page of them', () => {
  const page = '# HELP a_count x\na_count 7\na_count_more 9\na_sum 0.25\n';

  expect([metricOf(page, 'a_count'), metricOf(page, 'a_sum'), metricOf(page, 'b')]).toEqual([
    7,
    0.25,
    undefined,
  ]);
});
