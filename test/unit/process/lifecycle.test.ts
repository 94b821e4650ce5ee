import { expect, test } from '@jest/globals';
import { type Component, runComponents } from '../../../operator/process/lifecycle.ts';
import { createLog } from '../../../operator/process/log.ts';

const log = createLog('silent');

/** A component that notes what is done to it; members may be replaced. */
function component(name: string, events: string[], changes: Partial<Component> = {}): Component {
  return {
    name,
    start: async () => void events.push(`start ${name}`),
    stop: async () => void events.push(`stop ${name}`),
    ready: () => true,
    ...changes,
  };
}

test('components start in order and stop in reverse', async () => {
  const events: string[] = [];

  const running = await runComponents([component('a', events), component('b', events)], { log });
  await running.stop();

  expect(events).toEqual(['start a', 'start b', 'stop b', 'stop a']);
});

test('a start that fails stops what had started and names the component', async () => {
  const events: string[] = [];
  const cause = new Error('Port 1 is taken.');
  const failing = component('b', events, { start: () => Promise.reject(cause) });

  const run = runComponents([component('a', events), failing, component('c', events)], { log });

  await expect(run).rejects.toEqual(new Error('Component b did not start: Port 1 is taken.', { cause }));
  expect(events).toEqual(['start a', 'stop a']);
});

test('an abort during start also stops the component that was still starting', async () => {
  const events: string[] = [];
  const abort = new AbortController();
  const slow = component('b', events, {
    start: () => {
      abort.abort(new Error('SIGTERM came.'));
      return new Promise(() => undefined);
    },
  });

  const run = runComponents([component('a', events), slow, component('c', events)], {
    log,
    signal: abort.signal,
  });

  await expect(run).rejects.toThrow('Component b did not start: SIGTERM came.');
  expect(events).toEqual(['start a', 'stop b', 'stop a']);
});

test('a stop that hangs is left behind after its bound', async () => {
  const events: string[] = [];
  const hanging = component('b', events, { stop: () => new Promise(() => undefined) });

  const running = await runComponents([component('a', events), hanging], { log, stopTimeoutMs: 5 });
  await running.stop();

  expect(events).toEqual(['start a', 'start b', 'stop a']);
});

test('a stop that fails does not keep the others from stopping', async () => {
  const events: string[] = [];
  const failing = component('b', events, { stop: () => Promise.reject(new Error('no')) });

  const running = await runComponents([component('a', events), failing], { log });
  await running.stop();

  expect(events).toEqual(['start a', 'start b', 'stop a']);
});

test('stopping twice stops once', async () => {
  const events: string[] = [];

  const running = await runComponents([component('a', events)], { log });
  await Promise.all([running.stop(), running.stop()]);

  expect(events).toEqual(['start a', 'stop a']);
});

test('all are ready only when each is', async () => {
  let able = false;
  const running = await runComponents([component('a', []), component('b', [], { ready: () => able })], {
    log,
  });

  const before = running.ready();
  able = true;

  expect([before, running.ready()]).toEqual([false, true]);
  await running.stop();
});
