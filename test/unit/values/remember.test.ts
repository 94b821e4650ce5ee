// Same inputs, same result object.
import { expect, test } from '@jest/globals';
import { rememberByKey, rememberEach, rememberLast } from '../../../operator/values/remember.ts';

test('rememberLast: the same result while all arguments are the same objects', () => {
  let computed = 0;
  const sum = rememberLast((a: object, b: number) => ({ of: [a, b], times: (computed += 1) }));
  const a = {};

  expect(sum(a, 1)).toBe(sum(a, 1));
  sum(a, 2);
  sum({}, 2);

  expect(computed).toBe(3);
});

test('rememberEach: for each object, while what stands beside it is the same', () => {
  let computed = 0;
  const each = rememberEach((_key: object, ..._rest: readonly number[]) => (computed += 1));
  const [a, b] = [{}, {}];

  expect([each(a, 1, 2), each(b, 1, 2), each(a, 1, 2), each(b, 1, 2)]).toEqual([1, 2, 1, 2]);
  expect([each(a, 1, 3), each(a, 1), each(b, 1, 2)]).toEqual([3, 4, 2]);
});

test('rememberByKey: an equal result stays the object that everybody has seen, and keys not asked for are forgotten', () => {
  const memory = rememberByKey<object>();
  const first = memory.get('a', [1], () => ({ same: true }));

  expect(memory.get('a', [2], () => ({ same: true }))).toBe(first);
  memory.sweep();
  expect(memory.has('a')).toBe(true);
  memory.sweep();
  expect(memory.has('a')).toBe(false);
});
