// What is told of workloads.
import { describe, expect, test } from '@jest/globals';
import { notLooked } from '../../../operator/conditions/injection-report.ts';
import { reportOf, troubleOf, type WorkloadState } from '../../../operator/conditions/workload-report.ts';

const queued: WorkloadState = { type: 'pending', reason: 'Queued', message: 'It waits.' };
const refused: WorkloadState = { type: 'refused', reason: 'HostNetwork', message: 'Remove hostNetwork.' };
const failed: WorkloadState = { type: 'pending', reason: 'RolloutFailed', message: 'It crashes.' };

describe('the report', () => {
  test('counts, and names what is not injected in order', () => {
    const states = new Map<string, WorkloadState>([
      ['b', refused],
      ['c', { type: 'injected' }],
      ['a', queued],
    ]);

    expect(reportOf(states)).toEqual({
      injected: 1,
      pending: 1,
      refused: 1,
      details: [
        { key: 'a', ...queued },
        { key: 'b', ...refused },
      ],
      notices: [],
      barePods: [],
      otherPods: { names: [], isKept: true },
      injection: notLooked,
    });
  });

  test('notices on injected workloads are no trouble of theirs, and are told', () => {
    const report = reportOf(
      new Map<string, WorkloadState>([['a', { type: 'injected', notices: ['Look.'] }]]),
    );

    expect(report).toMatchObject({ injected: 1, details: [], notices: ['a: Look.'] });
    expect(troubleOf(report)).toBe('a: Look.');
  });

  test('trouble is what somebody has to act on', () => {
    const report = reportOf(
      new Map<string, WorkloadState>([
        ['a', queued],
        ['b', refused],
        ['c', failed],
      ]),
      { bare: ['shop/migrate'] },
    );

    expect(troubleOf(report)).toBe(
      'b: Remove hostNetwork. c: It crashes. Pods without a sidecar, because no Deployment, StatefulSet, DaemonSet or CronJob manages them: shop/migrate.',
    );
    expect(troubleOf(reportOf(new Map([['a', queued]])))).toBe('');
  });

  test.each([
    ['NotServed', false, 'manages them: shop/a.'],
    [
      'NotBound',
      false,
      'manages them: shop/a. To have the API server add sidecars to such pods, apply deploy/injection-policy.yaml.',
    ],
    [
      'Bound',
      true,
      'because they were created before the API server added sidecars: shop/a. Create them again.',
    ],
  ] as const)('of pods that no template makes, where policies are %s', (support, isInForce, sentence) => {
    const injection = { support, way: isInForce ? 'Policy' : 'Template', refusal: '', doubt: '' } as const;

    expect(troubleOf(reportOf(new Map(), { bare: ['shop/a'] }, injection))).toContain(sentence);
    expect(troubleOf(reportOf(new Map(), {}, injection))).toBe('');
  });

  test('of pods that an eviction would set right: how to have them evicted; else what their controllers are at says it', () => {
    const others = { names: ['shop/a'], isKept: true };
    const inForce = { support: 'Bound', way: 'Policy', refusal: '', doubt: '' } as const;
    const bare = ['shop/a', 'shop/b'];

    const kept = troubleOf(reportOf(new Map(), { bare, others }, inForce));
    expect(kept).toContain('added sidecars: shop/b. Create them again.');
    expect(kept).toMatch(/manages them: shop\/a\. .*set spec\.sidecar\.rollout\.otherPods to Evict/);

    const states = new Map<string, WorkloadState>([
      ['ReplicaSet/shop/x', { type: 'pending', reason: 'AwaitsPods', message: 'Pod a was evicted.' }],
    ]);
    const evicted = troubleOf(reportOf(states, { bare, others: { ...others, isKept: false } }, inForce));
    expect(evicted).toContain('ReplicaSet/shop/x: Pod a was evicted.');
    expect(evicted).not.toContain('shop/a');
  });

  test('no more than five are named', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

    const trouble = troubleOf(reportOf(new Map(names.map((name) => [name, refused])), { bare: names }));

    expect(trouble).toContain('e: Remove hostNetwork. And 2 more; see the Events of the workloads.');
    expect(trouble).toContain('manages them: a, b, c, d, e and 2 more.');
  });
});
