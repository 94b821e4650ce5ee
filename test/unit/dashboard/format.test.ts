// Numbers as people read them.
import { expect, test } from '@jest/globals';
import {
  bytesPerSecond,
  dateOrTime,
  duration,
  elapsed,
  healthOf,
  milliseconds,
  percent,
  shortNumber,
} from '../../../operator/dashboard/web/format.ts';

test.each([
  [0, '0'],
  [0.001, '<0.01'],
  [0.07, '0.07'],
  [1.234, '1.23'],
  [12.34, '12.3'],
  [99.94, '99.9'],
  [123.4, '123'],
  [999.4, '999'],
  [999.6, '1k'],
  [1234, '1.23k'],
  [999_499, '999k'],
  [1_500_000, '1.5M'],
])('%d is %s', (value, text) => {
  expect(shortNumber(value)).toBe(text);
});

test.each([
  [null, '–'],
  [1, '100 %'],
  [0, '0 %'],
  [0.99999, '>99.99 %'],
  [0.00001, '<0.01 %'],
  [0.98765, '98.77 %'],
])('the share %d is %s', (share, text) => {
  expect(percent(share)).toBe(text);
});

test.each([
  [null, '–'],
  [0.42, '0.4 ms'],
  [12.34, '12.3 ms'],
  [250.6, '251 ms'],
  [1500, '1.5 s'],
  [10_000, '≥10 s'],
])('%d ms is %s', (value, text) => {
  expect(milliseconds(value)).toBe(text);
});

test.each([
  [250.6, '251 ms'],
  [9_999, '10 s'],
  [14_400, '14 s'],
  [400_000, '7 min'],
])('it took %d ms: %s', (value, text) => {
  expect(elapsed(value)).toBe(text);
});

test('bytes, times and health', () => {
  expect([12, 1500, 2_500_000].map(bytesPerSecond)).toEqual(['12 B/s', '1.5 kB/s', '2.5 MB/s']);
  expect([5000, 300_000, 7_200_000, 400_000_000].map(duration)).toEqual(['5 s', '5 min', '2 h', '5 d']);
  expect([null, 1, 0.99, 0.5].map(healthOf)).toEqual(['none', 'good', 'warning', 'bad']);
});

test.each([
  ['6h', 360, '02:30', '08:30'],
  ['24h', 1440, 'Tue 08:30', 'Wed 08:30'],
  ['7d', 10_080, '26 Aug, 08:30', '2 Sept, 08:30'],
] as const)('the first and the last point of %s do not read the same', (range, minutes, first, last) => {
  const endMs = Date.parse('2026-09-02T12:30:00Z');
  const shown = [endMs - minutes * 60_000, endMs].map((ms) =>
    dateOrTime(new Date(ms).toISOString(), range, ['en-GB'], 'America/New_York'),
  );

  expect(shown).toEqual([first, last]);
});
