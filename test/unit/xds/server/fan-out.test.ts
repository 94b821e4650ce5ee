// A publication on its way to all streams, with a clock that each stream moves on.
import { expect, test } from '@jest/globals';
import { FanOut } from '../../../../operator/xds/server/fan-out.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { untilHolds } from '../../../support/until.ts';

interface World {
  readonly fanOut: FanOut<string>;
  readonly shown: string[];
  readonly clock: FakeClock;
  done: number;
}

/** Each stream takes `costMs`. */
function world(costMs: number, restPerWork = 0): World {
  const clock = new FakeClock();
  const shown: string[] = [];
  const host = {
    clock,
    show: (stream: string) => {
      clock.spend(costMs);
      shown.push(stream);
    },
    done: () => void (result.done += 1),
  };
  const fanOut = new FanOut<string>(host, { sliceMs: 5, restPerWork, maxRestMs: 1_000_000 });
  const result: World = { fanOut, shown, clock, done: 0 };
  return result;
}

const streams = ['a', 'b', 'c', 'd'];
const nobody = (): boolean => false;

test('a publication reaches all streams, with turns for others in between', async () => {
  const it = world(3);

  it.fanOut.publish(streams, nobody);
  expect([it.shown, it.fanOut.isDone()]).toEqual([['a', 'b'], false]);
  await untilHolds(() => it.done === 1);
  it.fanOut.close();

  expect([it.shown, it.fanOut.isDone()]).toEqual([streams, true]);
});

test('a newer publication goes on with those that have not seen the one before', async () => {
  const it = world(3);
  it.fanOut.publish(streams, nobody);

  it.fanOut.publish(streams, nobody);
  await untilHolds(() => it.done === 1);
  it.fanOut.close();

  expect(it.shown).toEqual(['a', 'b', 'c', 'd', 'a', 'b']);
});

test('after much work the next publication waits, but not for streams that have nothing yet', async () => {
  const it = world(1, 100_000);
  it.fanOut.publish(streams, nobody);
  await untilHolds(() => it.done === 1);

  it.fanOut.publish([...streams, 'new'], (stream) => stream === 'new');
  expect(it.shown).toEqual([...streams, 'new']);
  it.fanOut.finish();
  it.fanOut.close();

  expect(it.shown).toEqual([...streams, 'new', ...streams]);
});

test('the rest is as long as the work took, times so many', async () => {
  const it = world(1, 10);
  it.fanOut.publish(streams, nobody);
  await untilHolds(() => it.done === 1);

  it.fanOut.publish(streams, nobody);
  it.clock.advance(39);
  expect(it.shown).toEqual(streams);
  it.clock.advance(1);
  await untilHolds(() => it.done === 2);
  it.fanOut.close();

  expect(it.shown).toEqual([...streams, ...streams]);
});

test('a stream that ended is shown nothing', async () => {
  const it = world(3);
  it.fanOut.publish(streams, nobody);

  it.fanOut.forget('d');
  await untilHolds(() => it.done === 1);
  it.fanOut.close();

  expect(it.shown).toEqual(['a', 'b', 'c']);
});
