// Lines of charts: round tops, and no line where nothing is known.
import { expect, test } from '@jest/globals';
import { pathThrough, topOf } from '../../../operator/dashboard/web/chart-lines.ts';

test.each([
  [[], 0.1, 0.1],
  [[null, 0], 1, 1],
  [[0.4, 0.7], 0.1, 1],
  [[2, 1], 0.1, 2],
  [[201], 0.1, 500],
  [[0.011], 0.01, 0.02],
  [[0.03], 0.01, 0.05],
])('the top of %j, at least %d, is %d', (values, least, top) => {
  expect(topOf(values, least)).toBeCloseTo(top);
});

test('a line is broken where there is nothing, and a value by itself is a dot', () => {
  expect(pathThrough([0, 5, null, 10, null], 10)).toBe('M0.0 200.0L250.0 100.0M750.0 0.0h0');
  expect(pathThrough([3], 10)).toBe('M0.0 140.0h0');
  expect(pathThrough([null, null], 10)).toBe('');
});
