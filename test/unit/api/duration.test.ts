import { expect, test } from '@jest/globals';
import { Duration, durationMs } from '../../../api/duration.ts';

test.each([
  ['0s', 0],
  ['250ms', 250],
  ['1m30s', 90_000],
  ['24h', 86_400_000],
  ['1h1m1s1ms', 3_661_001],
])('%s is %d ms', (text, milliseconds) => {
  expect(durationMs(text)).toBe(milliseconds);
  expect(Duration.parse(text)).toBe(text);
});

test.each(['', '3', '1.5s', '1d', '-1s', ' 1s', '1s1s1s1s1s', '100000h'])(
  '"%s" is not a duration',
  (text) => {
    expect(Duration.safeParse(text).success).toBe(false);
    expect(() => durationMs(text)).toThrow('not a duration');
  },
);
