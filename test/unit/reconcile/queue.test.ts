// Keys worked on one after the other.
import { describe, expect, test } from '@jest/globals';
import { createKeyQueue, type KeyQueue, type Outcome } from '../../../operator/reconcile/queue.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const done: Outcome = { type: 'done' };

function start(work: (key: string) => Promise<Outcome>): {
  queue: KeyQueue;
  clock: FakeClock;
  worked: string[];
  errors: unknown[];
} {
  const clock = new FakeClock();
  const worked: string[] = [];
  const errors: unknown[] = [];
  const queue = createKeyQueue({
    work: (key) => {
      worked.push(key);
      return work(key);
    },
    clock,
    onError: (_key, error) => errors.push(error),
  });
  return { queue, clock, worked, errors };
}

describe('the queue', () => {
  test('a key added twice is worked on once, in the order of adding', async () => {
    const { queue, clock, worked } = start(() => Promise.resolve(done));

    for (const key of ['b', 'a', 'b']) queue.add(key);
    await clock.pass(100);

    expect(worked).toEqual(['b', 'a']);
  });

  test('a key added while it is worked on is worked on again, never twice at a time', async () => {
    const gate = Promise.withResolvers<Outcome>();
    let calls = 0;
    const { queue, clock, worked } = start(() => {
      calls += 1;
      return calls === 1 ? gate.promise : Promise.resolve(done);
    });
    queue.add('a');
    await clock.pass(100);

    queue.add('a');
    await clock.pass(100);
    expect(worked).toEqual(['a']);
    gate.resolve(done);
    await clock.pass(100);

    expect(worked).toEqual(['a', 'a']);
  });

  test('again means after that time, or at once if it is added', async () => {
    const { queue, clock, worked } = start(() => Promise.resolve({ type: 'again', afterMs: 1000 }));
    queue.add('a');
    await clock.pass(900);
    expect(worked).toHaveLength(1);

    await clock.pass(200);
    expect(worked).toHaveLength(2);
    queue.add('a');
    await clock.pass(100);

    expect(worked).toHaveLength(3);
    expect(clock.pending).toBe(1);
    await queue.close();
  });

  test('an error is tried again after 1, 2, 4 seconds, and holds up nobody else', async () => {
    const { queue, clock, worked, errors } = start((key) =>
      key === 'bad' ? Promise.reject(new Error('no')) : Promise.resolve(done),
    );
    queue.add('bad');
    queue.add('good');

    await clock.pass(7500);

    expect(worked).toEqual(['bad', 'good', 'bad', 'bad', 'bad']);
    expect(errors).toHaveLength(4);
    await queue.close();
  });

  test('closing waits for the one at work and begins no other', async () => {
    const gate = Promise.withResolvers<Outcome>();
    const { queue, clock, worked } = start(() => gate.promise);
    queue.add('a');
    queue.add('b');
    await clock.pass(100);

    const closed = queue.close();
    gate.resolve({ type: 'again', afterMs: 10 });
    await closed;
    await clock.pass(100);

    expect(worked).toEqual(['a']);
    expect(clock.pending).toBe(0);
  });
});
