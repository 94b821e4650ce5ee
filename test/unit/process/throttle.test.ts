// Work that many ask for at once.
import { expect, test } from '@jest/globals';
import { throttle } from '../../../operator/process/throttle.ts';
import { createFakeTimer } from './fake-timer.ts';

test('all who ask until it is done share it; then it rests for eight times as long as it took', () => {
  const clock = createFakeTimer();
  let nowMs = 0;
  const done: number[] = [];
  const pass = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 1) {
      clock.advance(1);
      nowMs += 1;
    }
  };
  const ask = throttle(
    () => {
      done.push(nowMs);
      nowMs += 10;
    },
    clock.timer,
    () => nowMs,
  );

  ask();
  ask();
  pass(1);
  expect(done).toEqual([0]);

  // It is 11: it may be done again at 90.
  ask();
  pass(50);
  expect(done).toEqual([0]);
  pass(50);
  expect(done).toHaveLength(2);

  pass(200);
  expect(done).toHaveLength(2);
});
