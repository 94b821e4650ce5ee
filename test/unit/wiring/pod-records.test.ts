// What translation says of guards becomes annotations, which the leader writes.
import { expect, test } from '@jest/globals';
import type { PodPort } from '../../../operator/ports/pod-port.ts';
import { guardedByKey } from '../../../operator/values/own-names.ts';
import { createBoard } from '../../../operator/wiring/board.ts';
import { createPodRecording } from '../../../operator/wiring/pod-records.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { rememberingLog } from '../../support/remembering-log.ts';

const record = { namespace: 'shop', name: 'cart-1', uid: 'u1', value: 'SecurityPolicy/shop/cart' };
const translated = {
  ir: null,
  verdicts: [],
  podRecords: [record],
  mtlsPlaces: [],
  addressClaims: [],
  keySources: [],
};

test('the operator that leads writes the annotations that the last translation asks for, and another one none', async () => {
  const board = createBoard();
  const clock = new FakeClock();
  const written: Parameters<PodPort['annotate']>[] = [];
  const pods: PodPort = {
    annotate: (...args) => Promise.resolve(void written.push(args)),
    evict: () => Promise.resolve({ type: 'evicted' }),
    refresh: () => Promise.reject(new Error('nothing to read again')),
    event: () => Promise.reject(new Error('nothing to say')),
  };
  const { leaderCallbacks } = createPodRecording(board, {
    platform: { pods },
    clock,
    log: rememberingLog().log,
  });

  board.translation.set(translated);
  await clock.pass(1000);
  expect(written).toEqual([]);

  leaderCallbacks?.onStartedLeading();
  await clock.pass(1000);
  expect(written).toEqual([[record, guardedByKey, record.value]]);

  const gone = { ...record, value: null };
  board.translation.set({ ...translated, podRecords: [gone] });
  await clock.pass(1000);
  expect(written.slice(1)).toEqual([[gone, guardedByKey, null]]);

  await leaderCallbacks?.onStoppedLeading();
  board.translation.set(translated);
  await clock.pass(1000);
  expect(written).toHaveLength(2);
});

test('where there are no pods nothing is in their place', () => {
  const made = createPodRecording(createBoard(), {
    platform: {},
    clock: new FakeClock(),
    log: rememberingLog().log,
  });

  expect(made).toEqual({});
});
