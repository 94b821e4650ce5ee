import { expect, test } from '@jest/globals';
import { ByName } from '../../../operator/values/by-name.ts';

test('keeps a value for each namespace and name', () => {
  const known = new ByName<number>();
  known.set({ namespace: 'a', name: 'b' }, 1);
  known.set({ namespace: 'a', name: 'b' }, 2);
  known.set({ namespace: '', name: 'b' }, 3);
  known.set({ namespace: 'a', name: 'c' }, 4);

  expect([known.size, [...known.values()], [...known.names()]]).toEqual([
    3,
    [2, 4, 3],
    [
      { namespace: 'a', name: 'b' },
      { namespace: 'a', name: 'c' },
      { namespace: '', name: 'b' },
    ],
  ]);
});

test('forgets what is deleted, once', () => {
  const known = new ByName<number>();
  known.set({ namespace: 'a', name: 'b' }, 1);

  const outcomes = [
    known.delete({ namespace: 'a', name: 'x' }),
    known.delete({ namespace: 'x', name: 'b' }),
    known.delete({ namespace: 'a', name: 'b' }),
    known.delete({ namespace: 'a', name: 'b' }),
  ];
  expect([outcomes, known.size, known.get({ namespace: 'a', name: 'b' })]).toEqual([
    [false, false, true, false],
    0,
    undefined,
  ]);
});
