// Who leads, by a Lease in memory and a clock moved by hand.
import { describe, expect, test } from '@jest/globals';
import { createLog } from '../../../operator/process/log.ts';
import { createLeaderElection, type LeaderElection } from '../../../operator/replicas/lease.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MemoryLease } from '../../support/memory-lease.ts';

interface World {
  readonly lease: MemoryLease;
  readonly clock: FakeClock;
  /** What happened, in order. */
  readonly events: string[];
  /** Who was seen to hold it, in order. */
  readonly holders: string[];
  readonly join: (who: string) => Promise<LeaderElection>;
}

function world(): World {
  const lease = new MemoryLease();
  const clock = new FakeClock();
  const events: string[] = [];
  const holders: string[] = [];
  return {
    lease,
    clock,
    events,
    holders,
    join: async (identity) => {
      const election = createLeaderElection({
        port: lease.as(identity),
        identity,
        clock,
        log: createLog('silent'),
        onStartedLeading: () => events.push(`${identity} leads`),
        onHolder: (holder) => holders.push(`${identity} sees ${holder === '' ? 'nobody' : holder}`),
        onStoppedLeading: () => {
          events.push(`${identity} follows`);
          return Promise.resolve();
        },
      });
      await election.start();
      await clock.pass(100);
      return election;
    },
  };
}

describe('leader election', () => {
  test('the first leads and goes on leading; the second waits', async () => {
    const { clock, events, join } = world();
    const a = await join('a');
    const b = await join('b');

    await clock.pass(60_000);

    expect(events).toEqual(['a leads']);
    expect([a.isLeading(), b.isLeading()]).toEqual([true, false]);
  });

  test('one that stops releases it: the next leads within a second and a bit', async () => {
    const { clock, events, join, lease } = world();
    const a = await join('a');
    await join('b');

    await a.stop();
    expect(lease.stored).toMatchObject({ holder: '', durationSeconds: 1 });
    await clock.pass(1100);

    expect(events).toEqual(['a leads', 'a follows', 'b leads']);
    expect(lease.stored).toMatchObject({ holder: 'b', durationSeconds: 10, transitions: 2 });
  });

  test('one that is cut off gives up before another takes over, within 12 s', async () => {
    const { clock, events, join, lease } = world();
    await join('a');
    await join('b');
    await clock.pass(3000);

    lease.cut.add('a');
    await clock.pass(6000);
    expect(events).toEqual(['a leads', 'a follows']);
    await clock.pass(4000);

    expect(events).toEqual(['a leads', 'a follows', 'b leads']);
  });

  test('one that comes back late follows', async () => {
    const { clock, events, join, lease } = world();
    const a = await join('a');
    await join('b');
    lease.cut.add('a');
    await clock.pass(15_000);

    lease.cut.delete('a');
    await clock.pass(12_000);

    expect(events).toEqual(['a leads', 'a follows', 'b leads']);
    expect(a.isLeading()).toBe(false);
  });

  test('a record that is old by its own time is no reason to take over: only that it does not change is', async () => {
    const { clock, events, join, lease } = world();
    lease.stored = {
      holder: 'z',
      durationSeconds: 8,
      transitions: 4,
      renewTime: '1970-01-01T00:00:00.000000Z',
      resourceVersion: '9',
    };
    await join('a');

    await clock.pass(7500);
    expect(events).toEqual([]);
    await clock.pass(1500);

    expect(events).toEqual(['a leads']);
    expect(lease.stored).toMatchObject({ holder: 'a', transitions: 5 });
  });

  test('each says who holds it, whenever that is another: also when nobody does', async () => {
    const { clock, holders, join, lease } = world();
    const a = await join('a');
    await join('b');
    await clock.pass(3000);
    expect(holders).toEqual(['a sees a', 'b sees a']);

    await a.stop();
    await clock.pass(1100);
    expect(holders.slice(2)).toEqual(['a sees nobody', 'b sees b']);

    lease.cut.add('b');
    await clock.pass(7500);
    expect(holders.slice(4)).toEqual(['b sees nobody']);
    await join('c');
    await clock.pass(11_000);
    lease.cut.delete('b');
    await clock.pass(1100);
    expect(holders.slice(5)).toEqual(['c sees b', 'c sees c', 'b sees c']);
  });

  test('a leader writes each four seconds and reads nothing, while nobody else writes', async () => {
    const { clock, join, lease } = world();
    await join('a');
    const { calls } = lease;
    await clock.pass(500);
    const before = calls.length;

    await clock.pass(16_000);

    expect(calls.slice(before)).toEqual(Array.from({ length: 4 }, () => 'a writes'));
  });

  test('a leader whose Lease somebody edited or deleted goes on', async () => {
    const { clock, events, join, lease } = world();
    const a = await join('a');

    if (lease.stored !== undefined) lease.stored = { ...lease.stored, resourceVersion: '77' };
    await clock.pass(4500);
    lease.stored = undefined;
    await clock.pass(4500);

    expect([events, a.isLeading()]).toEqual([['a leads'], true]);
    expect(lease.stored).toMatchObject({ holder: 'a' });
  });

  test('a leader whose Lease another one has follows as soon as it hears of it', async () => {
    const { clock, events, join, lease } = world();
    const a = await join('a');

    if (lease.stored !== undefined) lease.stored = { ...lease.stored, holder: 'z', resourceVersion: '77' };
    await clock.pass(4100);

    expect([events, a.isLeading()]).toEqual([['a leads', 'a follows'], false]);
  });

  test('stopping leaves no timer behind', async () => {
    const { clock, join } = world();
    const a = await join('a');

    await a.stop();

    expect(clock.pending).toBe(0);
  });
});
