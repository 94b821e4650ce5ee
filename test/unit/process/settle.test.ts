import { describe, expect, it } from '@jest/globals';
import { createSettle, type Settle } from '../../../operator/process/settle.ts';
import { FakeClock } from '../../support/fake-clock.ts';

interface Bench {
  readonly settle: Settle;
  /** Times of the flushes, in milliseconds from the start. */
  readonly flushes: readonly number[];
  readonly advance: (ms: number) => void;
  /** Timers. */
  readonly running: () => number;
}

/** `takesMs`: how long each flush takes. */
function bench(takesMs = 0): Bench {
  const clock = new FakeClock();
  const flushes: number[] = [];
  const options = { quietMs: 20, maxMs: 200, urgentMs: 40, restPerWork: 4 };
  const settle = createSettle(options, clock, () => {
    flushes.push(clock.now());
    clock.spend(takesMs);
  });
  return { settle, flushes, advance: (ms) => clock.advance(ms), running: () => clock.pending };
}

describe('settle', () => {
  it('hands on the first change after quiet in the next turn, together with what else that turn brings', () => {
    const { settle, flushes, advance } = bench();

    settle.note();
    settle.note();
    expect(flushes).toEqual([]);
    advance(1);

    expect(flushes).toEqual([0]);
  });

  it('gathers a burst until it is quiet', () => {
    const { settle, flushes, advance } = bench();

    settle.note();
    advance(5);
    settle.note();
    advance(10);
    settle.note();
    advance(100);

    // The last note at 15 ms, and 20 ms of quiet.
    expect(flushes).toEqual([0, 35]);
  });

  it('lets no change wait longer than the maximum, however long the burst', () => {
    const { settle, flushes, advance } = bench();

    settle.note();
    for (let step = 0; step < 50; step += 1) {
      advance(10);
      settle.note();
    }

    // 200 ms after the first note of each burst, at 10 and at 210 ms.
    expect(flushes).toEqual([0, 210, 410]);
  });

  it('does not let an urgent change wait for the burst to end', () => {
    const { settle, flushes, advance } = bench();

    settle.note();
    advance(5);
    settle.note();
    settle.noteUrgent();
    advance(1);

    expect(flushes).toEqual([0, 5]);
  });

  it('gathers urgent changes that follow an urgent one closely', () => {
    const { settle, advance, flushes } = bench();
    settle.noteUrgent();
    advance(1);
    for (let ms = 0; ms < 100; ms += 10) {
      settle.noteUrgent();
      advance(10);
    }
    advance(100);
    settle.noteUrgent();
    advance(1);

    expect(flushes).toEqual([0, 40, 80, 120, 201]);
  });

  it('gathers them for longer where a flush takes long', () => {
    const { settle, advance, flushes } = bench(25);
    for (let ms = 0; ms < 250; ms += 10) {
      settle.noteUrgent();
      advance(10);
    }

    // 25 ms for each flush, and four times as long until the next.
    expect(flushes).toEqual([0, 125, 250]);
  });

  it('comes to rest: no timer runs after quiet', () => {
    const { settle, flushes, advance, running } = bench();

    settle.note();
    advance(50);

    expect(running()).toBe(0);
    expect(flushes).toEqual([0]);
  });

  it('flushes nothing after close', () => {
    const { settle, flushes, advance, running } = bench();

    settle.note();
    settle.close();
    settle.note();
    settle.noteUrgent();
    advance(300);

    expect(flushes).toEqual([]);
    expect(running()).toBe(0);
  });
});
