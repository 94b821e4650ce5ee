// Work that many ask for at once.
import { expect, test } from '@jest/globals';
import { throttle } from '../../../operator/process/throttle.ts';
import { FakeClock } from '../../support/fake-clock.ts';

test('all who ask until it is done share it; then it rests for eight times as long as it took', () => {
  const clock = new FakeClock();
  const done: number[] = [];
  const ask = throttle(() => {
    done.push(clock.now());
    clock.spend(10);
  }, clock);

  ask();
  ask();
  clock.advance(1);
  expect(done).toEqual([0]);

  ask();
  clock.advance(50);
  expect(done).toEqual([0]);
  clock.advance(50);
  expect(done).toEqual([0, 90]);

  clock.advance(200);
  expect(done).toHaveLength(2);
});
