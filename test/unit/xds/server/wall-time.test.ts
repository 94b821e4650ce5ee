// Times of the calendar, with a clock moved by hand.
import { expect, test } from '@jest/globals';
import { atWallTime } from '../../../../operator/xds/server/wall-time.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const dayMs = 86_400_000;

test('it runs at its time, once, however far that is away', () => {
  const clock = new FakeClock(1_000);
  const ran: number[] = [];
  atWallTime(clock, 100 * dayMs, () => ran.push(clock.now()));

  clock.advance(100 * dayMs - 1_001);
  expect(ran).toEqual([]);
  clock.advance(dayMs);

  expect(ran).toEqual([100 * dayMs]);
  expect(clock.pending).toBe(0);
});

test('what has passed runs at once, but not within the call', () => {
  const clock = new FakeClock(5_000);
  const ran: number[] = [];
  atWallTime(clock, 1_000, () => ran.push(clock.now()));
  expect(ran).toEqual([]);

  clock.advance(0);

  expect(ran).toEqual([5_000]);
});

test('what is cancelled does not run, also after it was looked at again', () => {
  const clock = new FakeClock();
  const cancel = atWallTime(clock, 3 * dayMs, () => {
    throw new Error('it ran');
  });
  clock.advance(2 * dayMs);

  cancel();
  clock.advance(5 * dayMs);

  expect(clock.pending).toBe(0);
});
