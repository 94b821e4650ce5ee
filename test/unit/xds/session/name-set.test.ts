// Sets that share what they were made from, against plain ones.
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { changedSet } from '../../../../operator/xds/session/name-set.ts';

const names = Array.from({ length: 41 }, (_, it) => String(it));
const name = fc.constantFrom(...names);
const change = fc.record({ add: fc.array(name), remove: fc.array(name) });

test('whatever is added and removed, it holds what a plain set would hold, and earlier sets stay as they were', () => {
  fc.assert(
    fc.property(fc.array(name), fc.array(change, { maxLength: 20 }), (first, changes) => {
      let plain = new Set(first);
      let shared: ReadonlySet<string> = plain;
      const history: [ReadonlySet<string>, Set<string>][] = [[shared, plain]];
      for (const { add, remove } of changes) {
        const without = remove.filter((it) => !add.includes(it));
        plain = new Set([...plain, ...add]);
        for (const it of without) plain.delete(it);
        shared = changedSet(shared, add, without);
        history.push([shared, plain]);
      }
      for (const [actual, expected] of history) {
        expect([...actual].toSorted()).toEqual([...expected].toSorted());
        expect(actual.size).toBe(expected.size);
        expect(names.filter((it) => actual.has(it))).toEqual(names.filter((it) => expected.has(it)));
      }
    }),
  );
});

test('without a change it is the same set', () => {
  const set = new Set(['a']);

  expect(changedSet(set, ['a'], ['b'])).toBe(set);
  expect(changedSet(changedSet(set, ['b']), ['a', 'b'])).not.toBe(set);
});

test('after many changes it is a plain set again', () => {
  let set: ReadonlySet<string> = new Set(['a']);
  for (let index = 0; index < 2_000; index += 1) set = changedSet(set, [`${index}`]);

  expect(set.size).toBe(2_001);
  expect(
    changedSet(
      set,
      Array.from({ length: 1_000 }, (_, index) => `more ${index}`),
    ),
  ).toBeInstanceOf(Set);
});
