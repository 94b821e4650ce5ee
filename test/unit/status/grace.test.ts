import { expect, test } from '@jest/globals';
import { graceMs, isOverdue, untilNextOverdue } from '../../../operator/status/grace.ts';

const now = new Date('2026-01-01T00:10:00Z');
const missing = (agoMs: number): { since: Date } => ({ since: new Date(now.getTime() - agoMs) });

test('the grace lasts five minutes, and never ends for what nobody knows the time of', () => {
  expect(graceMs).toBe(300_000);
  expect([299_999, 300_000].map((agoMs) => isOverdue(missing(agoMs), now))).toEqual([false, true]);
  expect(isOverdue({ since: null }, now)).toBe(false);
});

test.each([
  ['none is missing', [], null],
  ['all are overdue already', [missing(300_000), { since: null }], null],
  ['some are not: the first of these', [missing(400_000), missing(1000), missing(299_000)], 1000],
])('the next grace to end, when %s', (_case, all, expected) => {
  expect(untilNextOverdue(all, now)).toBe(expected);
});
