// The bounds that the scenes hold measured counts against.
import { describe, expect, test } from '@jest/globals';
import { binomialRange, median, percent } from '../../../demo/traffic/statistics.ts';

describe('binomialRange', () => {
  test('is what a fair coin may do in ten throws', () => {
    // P(K = 0) = 1/1024, P(K <= 1) = 11/1024: only the first is below 0.5 %.
    expect(binomialRange(10, 0.5, 0.01)).toEqual({ low: 1, high: 9 });
  });

  test('keeps 10 % of 1000 within five points, with one false alarm in a million', () => {
    expect(binomialRange(1000, 0.1)).toEqual({ low: 57, high: 149 });
  });

  test('allows a rare event to happen now and then, not often', () => {
    expect(binomialRange(300, 0.4 ** 9)).toEqual({ low: 0, high: 4 });
  });

  test('leaves nothing to chance where there is none', () => {
    expect([binomialRange(50, 0), binomialRange(50, 1)]).toEqual([
      { low: 0, high: 0 },
      { low: 50, high: 50 },
    ]);
  });

  test('mirrors a probability and its opposite', () => {
    const { low, high } = binomialRange(400, 0.3);

    expect(binomialRange(400, 0.7)).toEqual({ low: 400 - high, high: 400 - low });
  });
});

test('the median is the middle, or the mean of the two middle ones', () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
});

test('a share is a percentage with one decimal', () => {
  expect(percent(96, 1000)).toBe('9.6 %');
});
