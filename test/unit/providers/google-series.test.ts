// Differences become sums since a start, in the order and at the pace that Cloud Monitoring wants.
import { expect, test } from '@jest/globals';
import { CumulativeSeries } from '../../../operator/providers/google/series.ts';
import { countsOf, pointOf } from '../../support/telemetry/signals.ts';

/** What waits, as `start-end count`; then it is written. */
function write(sums: CumulativeSeries, nowMs: number, isRefused = false): readonly string[] {
  const waiting = sums.due(nowMs);
  const lines = waiting.map(({ startMs, endMs, count }) => `${startMs}-${endMs} ${count}`);
  sums.settle(waiting, { isRefused, nowMs });
  return lines;
}

const one = pointOf({ count: 1 });
const two = pointOf({ count: 2 });

test('sums since a start', () => {
  const sums = new CumulativeSeries();
  sums.add([countsOf(20_000, one)]);
  expect(write(sums, 0)).toEqual(['15000-20000 1']);
  expect(sums.due(0)).toEqual([]);
  sums.add([countsOf(30_000, two)]);
  expect(write(sums, 10_000)).toEqual(['15000-30000 3']);
});

test('a signal that is sent again is in the sum once, and so are several of one message', () => {
  const sums = new CumulativeSeries();
  const signals = [countsOf(20_000, one), countsOf(30_000, two)];
  sums.add(signals);
  sums.add(signals);

  expect(write(sums, 0)).toEqual(['15000-30000 3']);
});

test('one point in five seconds, by the clock and by their times', () => {
  const sums = new CumulativeSeries();
  sums.add([countsOf(20_000, one)]);
  expect(sums.pauseMs(100)).toBe(0);
  write(sums, 100);
  sums.add([countsOf(21_000, one)]);
  expect(sums.pauseMs(1_100)).toBe(4_000);
  expect(write(sums, 5_100)).toEqual(['15000-25000 2']);
});

test('after a gap, and after a refusal, a series begins anew, later than it ended', () => {
  const sums = new CumulativeSeries();
  sums.add([countsOf(20_000, one)]);
  write(sums, 0);
  sums.add([countsOf(80_001, two)]);
  expect(write(sums, 60_001, true)).toEqual(['75001-80001 2']);
  sums.add([countsOf(82_000, one)]);
  expect(write(sums, 65_001)).toEqual(['80002-85001 1']);
});

test('what is not written yet is not forgotten after a gap', () => {
  const sums = new CumulativeSeries();
  sums.add([countsOf(20_000, one)]);
  sums.add([countsOf(200_000, two)]);

  expect(write(sums, 0)).toEqual(['15000-200000 3']);
});

test('buckets are added up, and the sum of durations', () => {
  const sums = new CumulativeSeries();
  sums.add([countsOf(20_000, pointOf({ metric: 'inbound.duration', buckets: [1, 0], sum: 2 }))]);
  sums.add([countsOf(30_000, pointOf({ metric: 'inbound.duration', buckets: [1, 3], sum: 5 }))]);

  expect(sums.due(0)).toMatchObject([{ buckets: [2, 3], sum: 7 }]);
});

test('of more than there is room for, those that were not counted for longest begin anew', () => {
  const sums = new CumulativeSeries();
  const named = (at: number): ReturnType<typeof pointOf> => pointOf({ tags: { route: String(at) } });
  sums.add([countsOf(20_000, ...Array.from({ length: 20_000 }, (_, at) => named(at)))]);
  write(sums, 0);
  sums.add([countsOf(30_000, named(0), named(20_000))]);
  write(sums, 10_000);
  sums.add([countsOf(40_000, named(0), named(1))]);

  expect(write(sums, 20_000)).toEqual(['15000-40000 3', '35000-40000 1']);
});

test('who counts the same all the time has nobody else wait, and loses nothing', () => {
  const sums = new CumulativeSeries();
  const another = pointOf({ tags: { route: 'another' } });
  sums.add([countsOf(20_000, one)]);
  write(sums, 0);
  sums.add([countsOf(21_000, one), countsOf(21_000, another)]);
  expect(sums.pauseMs(1_000)).toBe(0);
  expect(write(sums, 1_000)).toEqual(['16000-21000 1']);
  expect(sums.pauseMs(1_000)).toBe(4_000);
  sums.add([countsOf(22_000, one)]);

  expect(write(sums, 5_000)).toEqual(['15000-25000 3']);
});

test('what is more than can be counted begins anew', () => {
  const sums = new CumulativeSeries();
  const all = pointOf({ count: Number.MAX_SAFE_INTEGER });
  sums.add([countsOf(20_000, all, all)]);
  expect(write(sums, 0)).toEqual([`15000-20000 ${Number.MAX_SAFE_INTEGER}`]);
  sums.add([countsOf(30_000, one)]);

  expect(write(sums, 10_000)).toEqual(['25000-30000 1']);
});

test('a pod of the same name with another service account has another series', () => {
  const sums = new CumulativeSeries();
  const signal = countsOf(20_000, one);
  sums.add([signal, { ...signal, source: { ...signal.source, serviceAccount: 'another' } }]);

  expect(sums.due(0).map(({ source }) => source.serviceAccount)).toEqual(['reviews', 'another']);
});

test('long labels have room for fewer series', () => {
  const sums = new CumulativeSeries();
  const long = (at: number): ReturnType<typeof pointOf> => {
    return pointOf({ tags: { source: 'x'.repeat(10_000), route: `${at}${'x'.repeat(1_000)}` } });
  };
  sums.add([countsOf(20_000, one)]);
  write(sums, 0);
  sums.add([countsOf(30_000, ...Array.from({ length: 10_000 }, (_, at) => long(at)))]);
  write(sums, 10_000);
  sums.add([countsOf(40_000, one, long(9_999))]);

  expect(write(sums, 20_000)).toEqual(['35000-40000 1', '25000-40000 2']);
});
