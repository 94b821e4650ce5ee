// Same inputs, same result object.
import { expect, test } from '@jest/globals';
import {
  rememberByKey,
  rememberEach,
  rememberFields,
  rememberItems,
  rememberLast,
} from '../../../operator/values/remember.ts';

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

test('rememberItems: only what stands in the place of another is computed, wherever it has moved to, and equal lists are one', () => {
  const computed: object[] = [];
  const each = rememberItems((item: { readonly is: number }, ..._rest: readonly number[]) => {
    computed.push(item);
    return item.is > 0 ? item.is : null;
  });
  const [a, b, c] = [{ is: 1 }, { is: 0 }, { is: 3 }];

  const first = each([a, b]);
  expect(first).toEqual([1, null]);
  expect(each([a, b])).toBe(first);
  expect(each([a, c, b])).toEqual([1, 3, null]);
  expect(each([b, a])).toEqual([null, 1]);
  expect(each([])).toEqual([]);
  expect(computed).toEqual([a, b, c]);
  const equal = { is: 1 };
  const before = each([a, b]);
  expect(each([equal, b])).toBe(before);
  expect(computed).toEqual([a, b, c, equal]);
  expect(each([a, b], 1)).toEqual([1, null]);
  expect(computed).toHaveLength(6);
});

test('rememberFields: the same object while all fields are the same objects', () => {
  const same = rememberFields<{ readonly a: object; readonly b?: number }>();
  const a = {};
  const first = same({ a });

  expect(same({ a })).toBe(first);
  expect(same({ a, b: 1 })).toEqual({ a, b: 1 });
  expect(same({ a: {} })).not.toBe(first);
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
