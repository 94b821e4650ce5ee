// The order of texts.
import { expect, test } from '@jest/globals';
import { byText, compareText } from '../../../operator/values/compare-text.ts';

test('texts are ordered by code unit: upper case first, whatever the locale', () => {
  expect(['b', 'ä', 'a', 'B', '', 'a'].toSorted(compareText)).toEqual(['', 'B', 'a', 'a', 'b', 'ä']);
});

test('items are ordered by a text of theirs, and equal ones stay in their order', () => {
  const items = [
    { name: 'b', at: 1 },
    { name: 'a', at: 2 },
    { name: 'b', at: 3 },
  ];

  expect(items.toSorted(byText(({ name }) => name)).map(({ at }) => at)).toEqual([2, 1, 3]);
});
