// What translation says of claimed addresses becomes Events of the leader.
import { expect, test } from '@jest/globals';
import type { WorkloadPort } from '../../../operator/ports/workload-port.ts';
import { createAddressTelling } from '../../../operator/wiring/address-events.ts';
import { createBoard } from '../../../operator/wiring/board.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { rememberingLog } from '../../support/remembering-log.ts';

const claim = { namespace: 'shop', name: 'reviews', uid: 'u1', message: 'Address 10.0.0.9 is taken.' };
const translated = {
  ir: null,
  verdicts: [],
  podRecords: [],
  mtlsPlaces: [],
  addressClaims: [claim],
  keySources: [],
};

function port(event: WorkloadPort['event']): WorkloadPort {
  const unused = (): Promise<never> => Promise.reject(new Error('Events need no workloads'));
  return {
    kubernetesVersion: unused,
    read: unused,
    list: unused,
    apply: unused,
    merge: unused,
    keepConfigMap: unused,
    event,
  };
}

test('the operator that leads writes the Events that the last translation asks for, and another one none', async () => {
  const board = createBoard();
  const clock = new FakeClock();
  const events: Parameters<WorkloadPort['event']>[] = [];
  const workloads = port((...args) => Promise.resolve(void events.push(args)));
  const { leaderCallbacks } = createAddressTelling(board, {
    platform: { workloads },
    clock,
    log: rememberingLog().log,
  });

  board.translation.set(translated);
  await clock.pass(1000);
  expect(events).toEqual([]);

  leaderCallbacks?.onStartedLeading();
  await clock.pass(1000);
  expect(events).toEqual([
    [
      { ref: { kind: 'Service', namespace: 'shop', name: 'reviews' }, uid: 'u1' },
      { type: 'Warning', reason: 'AddressConflict', message: claim.message },
    ],
  ]);

  await leaderCallbacks?.onStoppedLeading();
  board.translation.set({
    ...translated,
    keySources: [],
    mtlsPlaces: [],
    addressClaims: [{ ...claim, message: 'Another address is taken.' }],
  });
  await clock.pass(1000);
  expect(events).toHaveLength(1);
});

test('where the platform has no Events nothing is in their place', () => {
  const made = createAddressTelling(createBoard(), {
    platform: {},
    clock: new FakeClock(),
    log: rememberingLog().log,
  });

  expect(made).toEqual({});
});
