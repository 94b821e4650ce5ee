// What waits for a provider: one message at a time, repeated while it may be taken, bounded, and counted where it is dropped.
import { expect, test } from '@jest/globals';
import { Outbox, type Outcome } from '../../../operator/providers/outbox.ts';
import type { Signal } from '../../../operator/providers/signals.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { countsOf, logsOf, pointOf } from '../../support/telemetry/signals.ts';

function start(): {
  readonly outbox: Outbox;
  readonly clock: FakeClock;
  /** The calls so far, each `a b`. */
  readonly calls: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  /** Of the call that is under way. */
  readonly answer: (outcome: Outcome) => Promise<void>;
} {
  const clock = new FakeClock();
  const calls: string[] = [];
  const counts: Record<string, number> = {};
  let pending: ((outcome: Outcome) => void) | undefined;
  const outbox = new Outbox({
    clock,
    changed: () => undefined,
    counted: (result, count) => {
      counts[result] = (counts[result] ?? 0) + count;
    },
    send: async (signals) => {
      calls.push(signals.flatMap(namesOf).join(' '));
      return await new Promise((resolve) => (pending = resolve));
    },
  });
  const answer = async (outcome: Outcome): Promise<void> => {
    pending?.(outcome);
    await Promise.resolve();
    await Promise.resolve();
  };
  return { outbox, clock, calls, counts, answer };
}

function namesOf(signal: Signal): readonly string[] {
  return signal.type === 'logs' ? signal.records.map(({ log }) => log) : [];
}

const down = { type: 'failed', reason: 'down' } as const;

test('one message at a time, and what has come meanwhile together', async () => {
  const { outbox, calls, answer, counts } = start();
  for (const name of ['a', 'b', 'c']) outbox.offer(logsOf(name));
  expect(calls).toEqual(['a']);
  await answer({ type: 'taken' });
  await answer({ type: 'taken' });

  expect(calls).toEqual(['a', 'b c']);
  expect(counts).toEqual({ sent: 3 });
});

test('what may be taken later is sent again, after longer and longer pauses', async () => {
  const { outbox, clock, calls, answer, counts } = start();
  outbox.offer(logsOf('a'));
  await answer(down);
  expect(outbox.state).toEqual({ trouble: { reason: 'down', sinceMs: 0 }, dropped: 0 });
  for (const [pauseMs, expected] of [
    [999, 1],
    [1, 2],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await clock.pass(pauseMs);
    expect(calls).toHaveLength(expected);
  }
  await answer(down);
  expect(clock.untilNextMs()).toBe(2_000);
  await clock.pass(2_000);
  await answer({ type: 'taken' });

  expect(calls).toEqual(['a', 'a', 'a']);
  expect(outbox.state).toEqual({ trouble: null, dropped: 0 });
  expect(counts).toEqual({ sent: 1 });
});

test('what is refused for good is dropped, and the next is sent', async () => {
  const { outbox, calls, answer, counts } = start();
  outbox.offer(logsOf('a'));
  outbox.offer(logsOf('b'));
  await answer({ type: 'refused', reason: 'no' });

  expect(calls).toEqual(['a', 'b']);
  expect(outbox.state).toEqual({ trouble: { reason: 'no', sinceMs: 0 }, dropped: 1 });
  expect(counts).toEqual({ dropped: 1 });
});

test('of what is taken partly, the rest is dropped', async () => {
  const { outbox, calls, answer, counts } = start();
  outbox.offer(logsOf('a', 'b', 'c'));
  outbox.offer(logsOf('d'));
  await answer({ type: 'partly', refused: 2, reason: 'two are bad' });

  expect(calls).toEqual(['a b c', 'd']);
  expect(outbox.state).toEqual({ trouble: { reason: 'two are bad', sinceMs: 0 }, dropped: 2 });
  expect(counts).toEqual({ sent: 1, dropped: 2 });
});

test('what there is no room for is dropped', async () => {
  const { outbox, answer, counts } = start();
  outbox.offer(logsOf(...Array<string>(9_999).fill('a')));
  outbox.offer(logsOf('b', 'c'));
  outbox.offer(logsOf('d'));
  await answer(down);

  expect(counts).toEqual({ dropped: 2 });
  expect(outbox.state.dropped).toBe(2);
});

test('counts take room with their labels', () => {
  const { outbox, counts } = start();
  const point = pointOf({ tags: { source: 'x'.repeat(1_000) } });
  outbox.offer(countsOf(1_000, ...Array.from({ length: 6_000 }, () => point)));
  outbox.offer(countsOf(2_000, ...Array.from({ length: 3_000 }, () => point)));

  expect(counts).toEqual({ dropped: 3_000 });
});

test('when it is closed, what waits is dropped, and nothing is sent any more', async () => {
  const { outbox, clock, calls, answer, counts } = start();
  outbox.offer(logsOf('a'));
  await answer(down);
  outbox.close();
  outbox.offer(logsOf('b'));
  await clock.pass(60_000);

  expect(calls).toEqual(['a']);
  expect(counts).toEqual({ dropped: 1 });
});

test('a message that is too large is sent in halves; one signal that is too large by itself is dropped', async () => {
  const { outbox, calls, answer, counts } = start();
  for (const name of ['a', 'b', 'c', 'd', 'e']) outbox.offer(logsOf(name));
  await answer({ type: 'taken' });
  const tooLarge = { type: 'tooLarge', reason: 'large' } as const;
  await answer(tooLarge);
  await answer(tooLarge);
  await answer(tooLarge);
  await answer({ type: 'taken' });

  expect(calls).toEqual(['a', 'b c d e', 'b c', 'b', 'c', 'd e']);
  expect(counts).toEqual({ sent: 2, dropped: 1 });
});

test('of a message in which something is wrong, what it is is found and dropped, and the rest is sent', async () => {
  const { outbox, calls, answer, counts } = start();
  for (const name of ['a', 'b', 'bad', 'c', 'd']) outbox.offer(logsOf(name));
  await answer({ type: 'taken' });
  for (let turn = 0; turn < 7; turn += 1) {
    const isBad = (calls.at(-1) ?? '').includes('bad');
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await answer(isBad ? { type: 'invalid', reason: 'bad' } : { type: 'taken' });
  }

  expect(counts).toEqual({ sent: 4, dropped: 1 });
  expect(outbox.state.trouble).toBeNull();
});

test('a provider that takes less than it is sent has a trouble, until it keeps up again', async () => {
  const { outbox, answer } = start();
  const large = (): Signal => {
    const signal = logsOf('a');
    if (signal.type !== 'logs') throw new Error('not logs');
    return {
      ...signal,
      records: signal.records.map((record) => ({ ...record, text: 'x'.repeat(2 * 1024 * 1024) })),
    };
  };
  for (let index = 0; index < 5; index += 1) outbox.offer(large());
  expect(outbox.state).toMatchObject({ trouble: { reason: 'it takes less than sidecars send' }, dropped: 2 });
  await answer({ type: 'taken' });
  expect(outbox.state.trouble).not.toBeNull();
  await answer({ type: 'taken' });
  expect(outbox.state).toEqual({ trouble: null, dropped: 0 });
});
