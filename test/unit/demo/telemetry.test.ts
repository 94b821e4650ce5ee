// What the demo takes for the truth about its calls, and what it takes for a mistake.
import { expect, test } from '@jest/globals';
import {
  comparison,
  mistakes,
  truthOf,
  type Figure,
  type Readings,
} from '../../../demo/telemetry/figures.ts';
import { added, percentile } from '../../../demo/telemetry/histogram.ts';
import { mix, roundOf, type Part, type Seen } from '../../../demo/telemetry/mix.ts';

const whole: Part = { to: 'productpage', path: '/', calls: 2, status: 200, delayMs: 0 };
const slow: Part = { to: 'ratings', path: '/503/30', calls: 1, status: 503, delayMs: 30 };
const refused: Part = { to: 'reviews', path: '/', calls: 1, status: 403, delayMs: 0 };
const seen = (part: Part, tookMs: number): Seen => ({ part, status: part.status, tookMs });
const truth = truthOf([seen(whole, 5), seen(whole, 6), seen(slow, 41), seen(refused, 1)]);
const bounds = [20, 50, 100];

test('a call of the page is one of each service behind it, a refused one ends where it was refused', () => {
  expect(
    Object.fromEntries(truth.map(({ key, low, high }) => [key, low === high ? low : [low, high]])),
  ).toEqual({
    'visitor → productpage requests': 2,
    'productpage → reviews requests': 2,
    'reviews → ratings requests': 2,
    'visitor → ratings requests': 1,
    'visitor → ratings 5xx': 1,
    'visitor → ratings p50': [30, 41],
    'visitor → ratings p99': [30, 41],
    'visitor → reviews requests': 1,
    'visitor → reviews 4xx': 1,
    'visitor → reviews refused': 1,
    'all → productpage requests': 2,
    'all → reviews requests': 3,
    'all → ratings requests': 3,
  });
});

const told = (...readings: readonly (readonly [string, number])[]): Readings => new Map(readings);
const mistakesOf = (readings: Readings): readonly string[] =>
  mistakes(truth, [{ name: 'Somebody', readings, tells: ({ key }) => readings.has(key) }], bounds);

test('one call more or less is a mistake, and so is silence of who has to tell', () => {
  expect(mistakesOf(told(['visitor → ratings requests', 1]))).toEqual([]);
  expect(mistakesOf(told(['all → ratings requests', 4]))).toEqual([
    'Somebody says 4 of all → ratings requests, and not 3',
  ]);
  const silent = { name: 'Somebody', readings: told(), tells: ({ what }: Figure) => what === 'refused' };
  expect(mistakes(truth, [silent], bounds)).toEqual(['Somebody says nothing of visitor → reviews refused']);
});

test('a percentile may be anywhere in the bucket of the truth, and in no other', () => {
  const of = (ms: number): readonly string[] => mistakesOf(told(['visitor → ratings p99', ms]));

  expect([20.1, 30, 50].flatMap(of)).toEqual([]);
  expect(of(20)).toEqual(['Somebody says 20.0 of visitor → ratings p99, and not 30-41']);
  expect(of(51)).toHaveLength(1);
});

test('the table has a line for each figure, and - where somebody does not tell', () => {
  const [header, line] = comparison(truth.slice(0, 1), [
    { name: 'one', readings: told(['visitor → productpage requests', 2]), tells: () => true },
    { name: 'other', readings: told(), tells: () => false },
  ]);

  expect([header, line].map((text) => text?.split(/ {2,}/))).toEqual([
    ['CALLS', 'WHAT', 'TRUTH', 'ONE', 'OTHER'],
    ['visitor → productpage', 'requests', '2', '2', '-'],
  ]);
});

test('a round has all calls of the mix, the kinds of them alternating', () => {
  const round = roundOf(mix);
  const counted = Map.groupBy(round, (part) => part);

  expect([...counted].every(([part, calls]) => calls.length === part.calls)).toBe(true);
  expect(new Set(round.slice(0, round.length / 2)).size).toBe(mix.length);
});

test('percentiles are those of histogram_quantile', () => {
  const histogram = added({ bounds: [], counts: [] }, { bounds: [10, 20], counts: [5, 5, 0] });

  expect(percentile(histogram, 0.5)).toBe(10);
  expect(percentile(histogram, 0.75)).toBe(15);
  expect(percentile({ bounds: [10, 20], counts: [0, 0, 4] }, 0.5)).toBe(20);
  expect(percentile({ bounds: [10], counts: [0, 0] }, 0.5)).toBeNaN();
});
