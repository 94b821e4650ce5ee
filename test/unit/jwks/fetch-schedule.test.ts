// When keys are fetched again.
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { nextFetchMs } from '../../../operator/jwks/fetch-schedule.ts';

const refreshMs = 300_000;

test.each([
  [0, 300_000],
  [1, 1_000],
  [2, 2_000],
  [3, 4_000],
  [9, 256_000],
  [10, 300_000],
  [10_000, 300_000],
])('after %d failures it is %d ms', (failures, ms) => {
  expect(nextFetchMs({ refreshMs, failures }, 0.5)).toBe(ms);
});

test('an interval that is shorter than the wait after a failure holds', () => {
  expect(nextFetchMs({ refreshMs: 30_000, failures: 10 }, 0.5)).toBe(30_000);
});

test('chance moves it by 10 % at most, and no number of failures stops it', () => {
  const failures = fc.nat();
  const random = fc.double({ min: 0, max: 1, noNaN: true });
  const interval = fc.integer({ min: 30_000, max: 3_600_000 });
  fc.assert(
    fc.property(interval, failures, random, (ms, count, chance) => {
      const middle = nextFetchMs({ refreshMs: ms, failures: count }, 0.5);
      const next = nextFetchMs({ refreshMs: ms, failures: count }, chance);
      expect(Math.abs(next - middle)).toBeLessThanOrEqual(middle * 0.1 + 1);
      expect(next).toBeGreaterThanOrEqual(900);
      expect(next).toBeLessThanOrEqual(ms * 1.1 + 1);
    }),
  );
});
