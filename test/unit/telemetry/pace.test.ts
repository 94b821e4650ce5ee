// How much a sender may send.
import { expect, test } from '@jest/globals';
import { Pace } from '../../../operator/telemetry/pace.ts';

test('so much at once, so much in the long run, each sender for itself', () => {
  const pace = new Pace({ perSecond: 100, burst: 300 });
  const allowed = (nowMs: number, amount: number, sender = 'a'): boolean => pace.allow(sender, nowMs, amount);

  expect([allowed(0, 200), allowed(0, 100), allowed(0, 1)]).toEqual([true, true, false]);
  expect(allowed(0, 300, 'b')).toBe(true);
  // What was refused does not count.
  expect([allowed(1_000, 100), allowed(1_000, 1)]).toEqual([true, false]);
  expect(allowed(10_000, 301)).toBe(false);
});
