// What waits for a provider: one message at a time, repeated while it may be taken, bounded, and counted where it is dropped.
import { expect, test } from '@jest/globals';
import { Outbox, type Outcome } from '../../../operator/providers/outbox.ts';
import type { Signal } from '../../../operator/providers/signals.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { logsOf, spansOf } from '../../support/telemetry/signals.ts';

function start(): {
  readonly outbox: Outbox;
  readonly clock: FakeClock;
  /** Paths of the calls so far, each `logs a b`. */
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
    counted: (type, result, count) => {
      counts[`${type} ${result}`] = (counts[`${type} ${result}`] ?? 0) + count;
    },
    send: async (type, signals) => {
      calls.push([type, ...signals.flatMap(namesOf)].join(' '));
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
  if (signal.type === 'logs') return signal.records.map(({ log }) => log);
  return signal.type === 'spans' ? signal.spans.map(({ name }) => name) : [];
}

const down = { type: 'failed', reason: 'down' } as const;

test('one message at a time, and what has come meanwhile together, each type for itself', async () => {
  const { outbox, calls, answer, counts } = start();
  for (const signal of [logsOf('a'), logsOf('b'), spansOf('c'), logsOf('d')]) outbox.offer(signal);
  expect(calls).toEqual(['logs a']);
  await answer({ type: 'taken' });
  await answer({ type: 'taken' });
  await answer({ type: 'taken' });

  expect(calls).toEqual(['logs a', 'logs b d', 'spans c']);
  expect(counts).toEqual({ 'logs sent': 3, 'spans sent': 1 });
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

  expect(calls).toEqual(['logs a', 'logs a', 'logs a']);
  expect(outbox.state).toEqual({ trouble: null, dropped: 0 });
  expect(counts).toEqual({ 'logs sent': 1 });
});

test('what is refused for good is dropped, and the next is sent', async () => {
  const { outbox, calls, answer, counts } = start();
  outbox.offer(logsOf('a'));
  outbox.offer(logsOf('b'));
  await answer({ type: 'refused', reason: 'no' });

  expect(calls).toEqual(['logs a', 'logs b']);
  expect(outbox.state).toEqual({ trouble: { reason: 'no', sinceMs: 0 }, dropped: 1 });
  expect(counts).toEqual({ 'logs dropped': 1 });
});

test('what there is no room for is dropped', async () => {
  const { outbox, answer, counts } = start();
  outbox.offer(logsOf(...Array<string>(19_999).fill('a')));
  outbox.offer(spansOf('b', 'c'));
  outbox.offer(spansOf('d'));
  await answer(down);

  expect(counts).toEqual({ 'spans dropped': 2 });
  expect(outbox.state.dropped).toBe(2);
});

test('when it is closed, what waits is dropped, and nothing is sent any more', async () => {
  const { outbox, clock, calls, answer, counts } = start();
  outbox.offer(logsOf('a'));
  await answer(down);
  outbox.close();
  outbox.offer(logsOf('b'));
  await clock.pass(60_000);

  expect(calls).toEqual(['logs a']);
  expect(counts).toEqual({ 'logs dropped': 1 });
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

  expect(calls).toEqual(['logs a', 'logs b c d e', 'logs b c', 'logs b', 'logs c', 'logs d e']);
  expect(counts).toEqual({ 'logs sent': 2, 'logs dropped': 1 });
});

test('a provider that takes less than it is sent has a trouble, until it keeps up again', async () => {
  const { outbox, answer } = start();
  const large = (): Signal => {
    const signal = logsOf('a');
    if (signal.type !== 'logs') throw new Error('not logs');
    return {
      ...signal,
      records: signal.records.map((record) => ({ ...record, text: 'x'.repeat(4 * 1024 * 1024) })),
    };
  };
  for (let index = 0; index < 5; index += 1) outbox.offer(large());
  expect(outbox.state).toMatchObject({ trouble: { reason: 'it takes less than sidecars send' }, dropped: 2 });
  await answer({ type: 'taken' });
  expect(outbox.state.trouble).not.toBeNull();
  await answer({ type: 'taken' });
  expect(outbox.state).toEqual({ trouble: null, dropped: 0 });
});
