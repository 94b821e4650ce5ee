// When statuses are computed.
import { expect, test } from '@jest/globals';
import { createStatusLoop, type StatusLoop } from '../../../operator/process/status-loop.ts';
import { FakeClock } from '../../support/fake-clock.ts';

interface Run {
  readonly loop: StatusLoop;
  /** The times of computing. */
  readonly computed: number[];
  readonly pass: (ms: number) => void;
}

function start(isMoving?: () => boolean, takesMs = 0): Run {
  const clock = new FakeClock();
  const computed: number[] = [];
  const loop = createStatusLoop({
    clock,
    compute: () => {
      computed.push(clock.now());
      clock.spend(takesMs);
    },
    ...(isMoving && { isMoving }),
  });
  return { loop, computed, pass: (ms) => clock.advance(ms) };
}

test('changes are gathered for a moment', () => {
  const { loop, computed, pass } = start();

  loop.changed();
  pass(10);
  loop.changed();
  pass(100);

  expect(computed).toEqual([15]);
});

test('it waits for acknowledgements that are coming in', () => {
  let isMoving = true;
  const { loop, computed, pass } = start(() => isMoving);

  loop.changed();
  pass(50);
  isMoving = false;
  pass(50);

  expect(computed).toEqual([60]);
});

test('a proxy that does not answer keeps nobody waiting for longer than 200 ms', () => {
  const { loop, computed, pass } = start(() => true);

  loop.changed();
  pass(1000);
  loop.changed();
  pass(1000);

  expect(computed).toEqual([210, 1210]);
});

test('it takes no more than a fifth of the time', () => {
  const { loop, computed, pass } = start(undefined, 100);

  for (let change = 0; change < 100; change += 1) {
    loop.changed();
    pass(10);
  }

  expect(computed).toEqual([15, 515, 1015]);
});

test('a process that was paused for ten seconds while it computed computes again within a second', () => {
  const { loop, computed, pass } = start(undefined, 10_000);

  loop.changed();
  pass(15);
  loop.changed();
  pass(1000);

  expect(computed).toEqual([15, 10_515]);
});
