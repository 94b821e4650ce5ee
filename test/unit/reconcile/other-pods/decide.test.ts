// Which pod of an owner is evicted, and when it counts as replaced.
import { describe, expect, test } from '@jest/globals';
import { decideOther, healthAfter } from '../../../../operator/reconcile/other-pods/decide.ts';
import { OtherPods } from '../../../../operator/reconcile/other-pods/memory.ts';
import type { OwnedPod } from '../../../../operator/reconcile/other-pods/owners.ts';
import { meshedPod, ownedPod } from './samples.ts';

const isNew = ['new'];

/** The type, and the pod if there is one. Those called `new` were made under the revision. */
function decided(wanted: string, ...pods: readonly OwnedPod[]): readonly (string | undefined)[] {
  const action = decideOther(pods, { wanted, isOld: (uid) => !isNew.includes(uid) });
  return [action.type, 'pod' in action ? action.pod.ref.name : undefined];
}

describe('of the pods of an owner', () => {
  test.each([
    ['one without a sidecar is evicted', 'r1', [ownedPod('a')], ['evict', 'a']],
    ['one of another revision is evicted', 'r2', [meshedPod('a', 'r1')], ['evict', 'a']],
    ['the first by name goes first', 'r1', [ownedPod('b'), ownedPod('a')], ['evict', 'a']],
    ['those that are right stay', 'r1', [meshedPod('a', 'r1')], ['right', undefined]],
    [
      'nobody goes while one is not ready, right or wrong',
      'r1',
      [ownedPod('a'), meshedPod('b', 'r1', { isReady: false })],
      ['wait', undefined],
    ],
    [
      'those that end do not count',
      'r1',
      [ownedPod('a'), ownedPod('b', { isStaying: false, isReady: false })],
      ['evict', 'a'],
    ],
    ['what is left alone stays', 'r1', [ownedPod('a', { isLeftAlone: true })], ['none', undefined]],
    [
      'one that was made when it should have come right is proof, whatever is wrong beside it',
      'r1',
      [ownedPod('a'), ownedPod('new')],
      ['pointless', 'new'],
    ],
    ['one that came right proves nothing', 'r1', [ownedPod('a'), meshedPod('new', 'r1')], ['evict', 'a']],
    ['those that the API server gave a sidecar leave', 'none', [meshedPod('a', 'r1')], ['evict', 'a']],
    ['those that have none stay outside', 'none', [ownedPod('a')], ['none', undefined]],
    [
      'those with a sidecar of their own template stay outside',
      'none',
      [ownedPod('a', { revision: 'x' })],
      ['none', undefined],
    ],
    [
      'one that comes with a sidecar after leaving is proof',
      'none',
      [meshedPod('new', 'r1')],
      ['pointless', 'new'],
    ],
    ['none: nothing', 'r1', [], ['none', undefined]],
  ] as const)('%s', (_, wanted, pods, action) => {
    expect(decided(wanted, ...pods)).toEqual(action);
  });
});

describe('an eviction is over when', () => {
  const eviction = { pod: ownedPod('a'), count: 2 };

  test.each([
    [
      'the pod still ends',
      [ownedPod('a', { isStaying: false }), ownedPod('b'), ownedPod('c')],
      'progressing',
    ],
    ['it is gone and no successor is there', [ownedPod('b')], 'progressing'],
    ['the successor is not ready', [ownedPod('b'), meshedPod('c', 'r1', { isReady: false })], 'progressing'],
    ['all are ready', [ownedPod('b'), meshedPod('c', 'r1')], 'complete'],
    ['no pod is there', [], 'progressing'],
  ] as const)('%s: %#', (_, pods, type) => {
    expect(healthAfter(pods, eviction)).toEqual({ type });
  });
});

describe('which pods are old', () => {
  const pods = (...names: readonly string[]): ReadonlyMap<string, readonly OwnedPod[]> =>
    new Map([['ReplicaSet/shop/legacy', names.map((name) => ownedPod(name))]]);
  const r1 = new Map([['shop', 'r1']]);

  test('those that are seen until others have noticed the revision; then, for another revision, all again', () => {
    const others = new OtherPods();
    others.note(r1, pods('a'), 0);
    others.note(r1, pods('a', 'b'), 3000);
    others.note(r1, pods('a', 'b', 'c'), 3001);
    const old = (): readonly string[] => ['a', 'b', 'c'].filter((uid) => others.isOld('shop', uid));

    expect([others.restMs('shop', 1000), old()]).toEqual([2000, ['a', 'b']]);

    others.note(new Map([['shop', 'r2']]), pods('b', 'c'), 4000);
    expect(old()).toEqual(['b', 'c']);
  });

  test('an owner that comes later has no old pods', () => {
    const others = new OtherPods();
    others.note(r1, new Map(), 0);
    others.note(r1, pods('a'), 60_000);

    expect(others.isOld('shop', 'a')).toBe(false);
  });

  test('where nothing is known of the namespace, nothing is proof', () => {
    expect(new OtherPods().isOld('shop', 'a')).toBe(true);
  });
});
