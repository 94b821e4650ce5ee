// The leader writes on pods by what they are guarded: each record once, again after a failure, and nothing while it follows.
import { expect, test } from '@jest/globals';
import type { PodRecord } from '../../../operator/ir/pod-record.ts';
import type { LeaderWrites } from '../../../operator/reconcile/leader-writes.ts';
import { createPodRecords } from '../../../operator/reconcile/pod-records.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { rememberingLog } from '../../support/remembering-log.ts';

const record = (name: string, value: string | null = 'guards'): PodRecord => ({
  namespace: 'shop',
  name,
  uid: `uid-${name}`,
  value,
});

interface Setup {
  readonly records: LeaderWrites<PodRecord>;
  readonly clock: FakeClock;
  /** `name=value`, in the order of the writes. */
  readonly writes: string[];
  readonly broken: Set<string>;
}

function setup(): Setup {
  const clock = new FakeClock();
  const writes: string[] = [];
  const broken = new Set<string>();
  const pods = {
    annotate: ({ name }: { readonly name: string }, _key: string, value: string | null) => {
      if (broken.has(name)) return Promise.reject(new Error('not today'));
      writes.push(`${name}=${value}`);
      return Promise.resolve();
    },
  };
  return { records: createPodRecords({ pods, clock, log: rememberingLog().log }), clock, writes, broken };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('nothing is written before it leads, and nothing after', async () => {
  const { records, writes } = setup();
  records.set([record('a')]);
  await settled();
  expect(writes).toEqual([]);

  records.onStartedLeading();
  await settled();
  expect(writes).toEqual(['a=guards']);

  await records.onStoppedLeading();
  records.set([record('b')]);
  await settled();
  expect(writes).toEqual(['a=guards']);
});

test('a record is written once until the pod is seen with it, and again if somebody takes it away', async () => {
  const { records, writes } = setup();
  records.onStartedLeading();
  records.set([record('a')]);
  await settled();
  records.set([record('a'), record('b')]);
  await settled();
  records.set([record('a', 'more')]);
  await settled();
  records.set([]);
  records.set([record('a', null)]);
  await settled();

  expect(writes).toEqual(['a=guards', 'b=guards', 'a=more', 'a=null']);
});

test('a write that fails is tried again, and does not hold up the others', async () => {
  const { records, writes, broken, clock } = setup();
  broken.add('a');
  records.onStartedLeading();
  records.set([record('a'), record('b')]);
  await settled();
  expect(writes).toEqual(['b=guards']);

  broken.clear();
  clock.advance(1000);
  await settled();
  expect(writes).toEqual(['b=guards', 'a=guards']);
});
