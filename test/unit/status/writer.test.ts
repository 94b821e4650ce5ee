import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog } from '../../../operator/process/log.ts';
import type { ObjectStatus, StatusPort } from '../../../operator/ports/platform.ts';
import { createStatusWriter, type StatusWriter } from '../../../operator/status/writer.ts';
import type { StatusUpdate } from '../../../operator/status/object-status.ts';
import { type ObjectRef, refKey } from '../../../operator/objects/objects.ts';

/** A platform in memory, whose writes can be held and made to fail. */
class MemoryPort implements StatusPort {
  readonly stored = new Map<string, ObjectStatus>();
  readonly writes: string[] = [];
  failNext = 0;
  inFlight = 0;
  mostInFlight = 0;

  async read(ref: ObjectRef): Promise<ObjectStatus | undefined> {
    return structuredClone(this.stored.get(refKey(ref)));
  }

  async write(ref: ObjectRef, status: ObjectStatus): Promise<void> {
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    await turn();
    this.inFlight -= 1;
    if (this.failNext > 0) {
      this.failNext -= 1;
      throw new Error('The API server is away.');
    }
    this.writes.push(`${ref.name} ${status.conditions[0]?.message}`);
    this.stored.set(refKey(ref), status);
  }
}

let port: MemoryPort;
let delays: number[];
let timers: (() => void)[];
let counted: string[];
let writer: StatusWriter;

beforeEach(async () => {
  port = new MemoryPort();
  delays = [];
  timers = [];
  counted = [];
  writer = createStatusWriter({
    port,
    log: createLog('silent'),
    clock: {
      now: () => 0,
      monotonicMs: () => 0,
      after: (delayMs, fire) => {
        delays.push(delayMs);
        timers.push(fire);
        return () => void timers.splice(timers.indexOf(fire), 1);
      },
    },
    metrics: { statusWritten: (result) => void counted.push(result) },
  });
  await writer.start();
});

afterEach(() => writer.stop());

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Until nothing happens any more without a timer. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 40; turns += 1) await turn();
}

async function fireTimers(): Promise<void> {
  for (const fire of timers.splice(0)) fire();
  await settled();
}

function update(name: string, message: string, status: 'True' | 'False' = 'True', second = 0): StatusUpdate {
  const lastTransitionTime = `2026-01-01T00:00:0${second}Z`;
  const condition = {
    type: 'Programmed',
    status,
    observedGeneration: 1,
    lastTransitionTime,
    reason: 'Any',
    message,
  };
  return { ref: { kind: 'TrafficPolicy', namespace: 'shop', name }, status: { conditions: [condition] } };
}

test('the first write goes out at once, a burst after it becomes one write of the latest', async () => {
  writer.offer([update('a', '1')]);
  await settled();
  writer.offer([update('a', '2')]);
  writer.offer([update('a', '3')]);
  await settled();
  const before = [...port.writes];

  await fireTimers();

  expect([before, port.writes, delays]).toEqual([['a 1'], ['a 1', 'a 3'], [100, 100]]);
});

test('what changes during a write is written after it', async () => {
  writer.offer([update('a', '1')]);
  writer.offer([update('a', '2')]);
  await turn();
  writer.offer([update('a', '3')]);
  await settled();

  await fireTimers();

  expect(port.writes.at(-1)).toBe('a 3');
});

test('an unchanged status is not written, not even after a restart', async () => {
  port.stored.set('TrafficPolicy/shop/a', update('a', '1', 'True', 1).status);

  writer.offer([update('a', '1', 'True', 5)]);
  await settled();

  expect([port.writes, timers]).toEqual([[], []]);
  expect(writer.latest().get('TrafficPolicy/shop/a')).toEqual(update('a', '1', 'True', 1).status);
});

test('a status that changes and changes back before it is written is not written', async () => {
  writer.offer([update('a', '1', 'True', 1)]);
  await settled();
  writer.offer([update('a', '2', 'False', 2)]);
  writer.offer([update('a', '1', 'True', 3)]);

  await fireTimers();

  expect([port.writes, port.stored.get('TrafficPolicy/shop/a')]).toEqual([
    ['a 1'],
    update('a', '1', 'True', 1).status,
  ]);
});

test('lastTransitionTime of the stored status is kept while its status is the same', async () => {
  port.stored.set('TrafficPolicy/shop/a', update('a', 'old', 'True', 1).status);

  writer.offer([update('a', 'new', 'True', 5)]);
  await settled();

  expect(port.stored.get('TrafficPolicy/shop/a')).toEqual(update('a', 'new', 'True', 1).status);
});

test('a failed write is tried again, later each time, with the latest status', async () => {
  port.failNext = 2;
  writer.offer([update('a', '1')]);
  await settled();
  await fireTimers();
  writer.offer([update('a', '2')]);

  await fireTimers();

  expect([port.writes, delays, counted]).toEqual([
    ['a 2'],
    [200, 400, 100],
    ['failure', 'failure', 'success'],
  ]);
});

test('at most eight writes are under way', async () => {
  const updates = Array.from({ length: 30 }, (_, index) => update(`p${index}`, '1'));

  writer.offer(updates);
  await settled();

  expect([port.writes.length, port.mostInFlight]).toEqual([30, 8]);
});

test('an object that is no longer offered is forgotten', async () => {
  writer.offer([update('a', '1'), update('b', '1')]);
  await settled();
  writer.offer([update('b', '1')]);
  await fireTimers();

  expect([...writer.latest().keys()]).toEqual(['TrafficPolicy/shop/b']);
});

test('an object made again under the same name is written again, though its status is the same', async () => {
  writer.offer([update('a', '1')]);
  await settled();
  port.stored.clear();
  writer.forget(update('a', '1').ref);

  writer.offer([update('a', '1')]);
  await settled();

  expect(port.writes).toEqual(['a 1', 'a 1']);
});

test('stopping ends with the writes under way and starts no others', async () => {
  writer.offer(Array.from({ length: 30 }, (_, index) => update(`p${index}`, '1')));
  await turn();

  await writer.stop();
  await settled();

  expect([port.writes.length, timers, writer.ready()]).toEqual([8, [], false]);
});

test('what is offered before the start is written after it', async () => {
  await writer.stop();
  writer.offer([update('a', '1')]);
  await settled();
  const before = [...port.writes];

  await writer.start();
  await settled();

  expect([before, port.writes]).toEqual([[], ['a 1']]);
});
