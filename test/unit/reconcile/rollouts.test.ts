// Whose turn it is to be rolled, and how often a template is restored.
import { describe, expect, test } from '@jest/globals';
import { healthOf, isServing } from '../../../operator/reconcile/rollout/health.ts';
import { createRestores } from '../../../operator/reconcile/rollout/restores.ts';
import { createRollouts, type Rollouts } from '../../../operator/reconcile/rollout/rollouts.ts';
import { completeRollout, liveDeployment } from './live.ts';

const minute = 60_000;
const complete = { type: 'complete' } as const;
const progressing = { type: 'progressing' } as const;
const failed = { type: 'failed', message: 'It crashes.' } as const;

function opened(limit: number): Rollouts {
  const rollouts = createRollouts();
  rollouts.setLimit(limit);
  rollouts.open();
  return rollouts;
}

function begin(rollouts: Rollouts, ...keys: readonly string[]): void {
  for (const key of keys) {
    rollouts.request(key, false);
    rollouts.began(key, 0);
  }
}

describe('rollouts', () => {
  test('as many as the limit at a time, the others by name when one is complete', () => {
    const rollouts = opened(2);
    begin(rollouts, 'a', 'b');

    expect(rollouts.request('d', false)).toBe(false);
    expect(rollouts.request('c', false)).toBe(false);
    rollouts.update('a', complete, minute);

    expect(rollouts.next()).toEqual(['c']);
    expect(rollouts.request('d', false)).toBe(false);
    expect(rollouts.request('c', false)).toBe(true);
  });

  test('none before everything was looked at', () => {
    const rollouts = createRollouts();
    rollouts.setLimit(2);

    expect(rollouts.request('a', false)).toBe(false);
    rollouts.open();

    expect(rollouts.next()).toEqual(['a']);
  });

  test('while one has not come back healthy the others wait; removals and itself do not', () => {
    const rollouts = opened(3);
    begin(rollouts, 'a');
    rollouts.update('a', failed, minute);

    expect(rollouts.failed()).toEqual(new Map([['a', 'It crashes.']]));
    expect(rollouts.request('b', false)).toBe(false);
    expect(rollouts.request('c', true)).toBe(true);
    expect(rollouts.request('a', false)).toBe(true);
    rollouts.withdraw('a');
    rollouts.withdraw('c');
    rollouts.update('a', complete, minute);
    expect(rollouts.next()).toEqual(['b']);
  });

  test('one that failed holds up its own namespace and no other, and is named to those that wait', () => {
    const rollouts = opened(3);
    begin(rollouts, 'Deployment/a/one');
    rollouts.update('Deployment/a/one', failed, minute);

    expect(rollouts.request('Deployment/a/two', false)).toBe(false);
    expect(rollouts.heldUpBy('Deployment/a/two')).toBe('Deployment/a/one');
    expect(rollouts.request('Deployment/b/one', false)).toBe(true);
    expect(rollouts.heldUpBy('Deployment/b/one')).toBeUndefined();
  });

  test('failures in two namespaces may be our doing: everywhere else one at a time', () => {
    const rollouts = opened(3);
    begin(rollouts, 'Deployment/a/one', 'Deployment/b/one');
    for (const key of ['Deployment/a/one', 'Deployment/b/one']) rollouts.update(key, failed, minute);
    rollouts.request('Deployment/d/one', false);

    expect(rollouts.request('Deployment/c/one', false)).toBe(true);
    rollouts.began('Deployment/c/one', minute);
    expect(rollouts.next()).toEqual([]);
    rollouts.update('Deployment/c/one', complete, 2 * minute);
    expect(rollouts.next()).toEqual(['Deployment/d/one']);
  });

  test('a namespace with many workloads takes its turns in between those of others', () => {
    const rollouts = opened(3);
    const keys = ['a/1', 'a/2', 'a/3', 'b/1', 'c/1'].map((name) => `Deployment/${name}`);
    for (const key of keys) rollouts.request(key, false);

    expect(rollouts.next()).toEqual(['Deployment/a/1', 'Deployment/b/1', 'Deployment/c/1']);
    rollouts.began('Deployment/a/1', 0);
    rollouts.began('Deployment/b/1', 0);
    rollouts.withdraw('Deployment/c/1');
    expect(rollouts.next()).toEqual(['Deployment/a/2']);
  });

  test('one whose controller never gives up has ten minutes', () => {
    const rollouts = opened(3);
    begin(rollouts, 'a');

    rollouts.update('a', progressing, 10 * minute);
    expect(rollouts.isActive('a')).toBe(true);
    rollouts.update('a', progressing, 10 * minute + 1);

    expect([...rollouts.failed().keys()]).toEqual(['a']);
  });

  test('what is nobody’s rollout of ours does not stop anything', () => {
    const rollouts = opened(3);

    rollouts.update('a', failed, 0);

    expect(rollouts.request('b', false)).toBe(true);
  });

  test('one that is gone holds nobody up', () => {
    const rollouts = opened(1);
    begin(rollouts, 'a');
    rollouts.request('b', false);

    rollouts.forget('a');

    expect(rollouts.next()).toEqual(['b']);
  });
});

describe('health', () => {
  const cases = [
    ['all pods updated and available', {}, 'complete'],
    ['a status of an older generation', { observedGeneration: 0 }, 'progressing'],
    ['pods not updated', { updated: 1 }, 'progressing'],
    ['older pods still there', { outdated: 1 }, 'progressing'],
    ['pods not available', { available: 1 }, 'progressing'],
    ['the controller gave up', { available: 1, failure: 'deadline' }, 'failed'],
    ['an old failure, healthy now', { failure: 'deadline' }, 'complete'],
    ['paused', { isPaused: true, updated: 0 }, 'complete'],
    ['updated by hand', { isAutomatic: false, updated: 0 }, 'complete'],
  ] as const;

  test.each(cases)('%s', (_name, parts, wanted) => {
    const live = liveDeployment({ rollout: { ...completeRollout, ...parts } });

    expect(healthOf(live).type).toBe(wanted);
  });

  test('what has no available pod has nothing to lose', () => {
    expect(isServing(liveDeployment())).toBe(true);
    expect(isServing(liveDeployment({ rollout: { ...completeRollout, available: 0 } }))).toBe(false);
  });
});

describe('restores', () => {
  test('three times in an hour, then when the hour is over', () => {
    const restores = createRestores();
    for (const at of [0, minute, 2 * minute]) {
      expect(restores.mayRestore('a', 'same', at)).toEqual({ type: 'yes' });
      restores.record('a', 'same', at);
    }

    expect(restores.mayRestore('a', 'same', 3 * minute)).toEqual({
      type: 'no',
      againInMs: 57 * minute,
      count: 3,
    });
    expect(restores.mayRestore('b', 'same', 3 * minute)).toEqual({ type: 'yes' });
    expect(restores.mayRestore('a', 'same', 60 * minute)).toEqual({ type: 'yes' });
  });

  test('a user who wants something new starts afresh', () => {
    const restores = createRestores();
    for (const at of [0, 1, 2]) restores.record('a', 'same', at);

    expect(restores.mayRestore('a', 'other', 3)).toEqual({ type: 'yes' });
  });
});
