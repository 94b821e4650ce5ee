import { afterEach, expect, test } from '@jest/globals';
import { type EventLoopDelay, watchEventLoop } from '../../../operator/process/event-loop-delay.ts';
import { poll } from '../../support/kubernetes/poll.ts';

let loop: EventLoopDelay | undefined;
afterEach(() => loop?.close());

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test('a loop that was held up has been late by as long, once', async () => {
  loop = watchEventLoop();
  const watched = loop;
  // Longer than it waits between two looks, for whatever it looked at before.
  block(2000);

  const delay = await poll(() => Promise.resolve(watched.take().max || undefined), {
    intervalMs: 1,
    deadlineMs: 60_000,
  });

  expect(delay).toBeGreaterThan(0.9);
  expect(watched.take()).toEqual({ p50: 0, p99: 0, max: 0 });
});
