import { expect, test } from '@jest/globals';
import { createBackoff } from '../../../../operator/platform/kubernetes/http/backoff.ts';

test('doubles the wait up to its bound, and starts over after a success', () => {
  const backoff = createBackoff({ initialMs: 100, maxMs: 500, random: () => 1 - Number.EPSILON });

  const waits = [1, 2, 3, 4, 5].map(() => backoff.nextMs());
  backoff.reset();

  expect([...waits, backoff.nextMs()]).toEqual([100, 200, 400, 500, 500, 100]);
});

test('spreads clients over half of the wait', () => {
  const backoff = createBackoff({ initialMs: 100, maxMs: 500, random: () => 0 });

  expect([backoff.nextMs(), backoff.nextMs()]).toEqual([50, 100]);
});
