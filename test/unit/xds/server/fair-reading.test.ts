// Who is read next, with a clock moved by hand: what a client costs is what its requests say.
import { expect, test } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { FairReading, type Reader } from '../../../../operator/xds/server/fair-reading.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

interface Played {
  readonly clock: FakeClock;
  readonly reading: FairReading;
  /** Requests in the order in which they were read: `a@ms`. */
  readonly read: string[];
  readonly slowed: string[];
  /** `cost` in milliseconds. */
  readonly send: (client: string, cost: number) => void;
  readonly isPaused: (client: string) => boolean;
}

function play(): Played {
  const clock = new FakeClock();
  const read: string[] = [];
  const slowed: string[] = [];
  const paused = new Set<string>();
  const reading = new FairReading({ clock, slowed: (client) => slowed.push(client) });
  const readerOf = (client: string): Reader => ({
    client: () => client,
    pause: () => void paused.add(client),
    resume: () => void paused.delete(client),
    read: (bytes) => {
      read.push(`${client}@${clock.now()}`);
      clock.spend(bytes.length);
    },
  });
  return {
    clock,
    reading,
    read,
    slowed,
    send: (client, cost) => reading.arrived(readerOf(client), Buffer.alloc(cost)),
    isPaused: (client) => paused.has(client),
  };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    // oxlint-disable-next-line no-await-in-loop -- turns of the event loop
    await setImmediate();
  }
}

test('106: while there is time a request is read as it comes', () => {
  const { send, read, isPaused } = play();

  for (const client of ['a', 'b', 'a']) send(client, 1);

  expect(read).toEqual(['a@0', 'b@1', 'a@2']);
  expect(isPaused('a')).toBe(false);
});

test('106: when a turn of the event loop is used up, readers are paused until it is theirs', async () => {
  const { send, read, isPaused } = play();
  send('a', 10);
  send('a', 1);
  send('b', 1);

  expect([read.length, isPaused('a'), isPaused('b')]).toEqual([1, true, true]);
  await turns(2);
  expect([read, isPaused('a'), isPaused('b')]).toEqual([['a@0', 'a@10', 'b@11'], false, false]);
});

test('106: clients take turns, and those that cost little go first', async () => {
  const { send, read } = play();
  send('heavy', 100);
  for (const client of ['heavy', 'heavy', 'a', 'a', 'b']) send(client, 1);

  await turns(4);

  expect(read.map((it) => it.slice(0, it.indexOf('@')))).toEqual(['heavy', 'a', 'b', 'a', 'heavy', 'heavy']);
});

test('106: a client that has used up its allowance waits for a share of the time, and it is told', async () => {
  const { clock, send, read, slowed, isPaused } = play();
  send('a', 1_100);
  send('a', 1);
  send('b', 1);
  await turns(3);
  expect([read, isPaused('a'), slowed]).toEqual([['a@0', 'b@1100'], true, ['a']]);

  // 100 ms too much, at a fifth of the time.
  clock.advance(400);
  await turns(2);
  expect(read).toHaveLength(2);
  clock.advance(200);
  await turns(2);

  expect(read.at(-1)).toMatch(/^a@/);
  expect(isPaused('a')).toBe(false);
});

test('106: an allowance does not come back with another stream, and is forgotten only when nothing is left to remember', async () => {
  const { clock, send, read } = play();
  send('a', 2_000);
  await turns(1);
  for (let index = 0; index < 3_000; index += 1) {
    send(`client-${index}`, 0);
    // oxlint-disable-next-line no-await-in-loop -- turns of the event loop
    if (index % 100 === 0) await turns(1);
  }
  read.length = 0;

  send('a', 1);
  expect(read).toEqual([]);
  clock.advance(10_000);
  await turns(2);
  expect(read).toHaveLength(1);
});

test('106: when it is closed, what waits is not read, and no timer is left', async () => {
  const { clock, reading, send, read } = play();
  send('a', 2_000);
  send('a', 1);
  send('b', 1);
  await turns(1);
  expect(clock.pending).toBe(1);
  read.length = 0;
  send('a', 1);

  reading.close();
  await turns(2);
  clock.advance(60_000);

  expect([read, clock.pending]).toEqual([[], 0]);
});
