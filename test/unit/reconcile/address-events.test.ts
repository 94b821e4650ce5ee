// The leader tells of each claim once: again when it says something else, comes back, or could not be told.
import { expect, test } from '@jest/globals';
import type { AddressClaim } from '../../../operator/ir/address-claim.ts';
import { createAddressEvents } from '../../../operator/reconcile/address-events.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { rememberingLog } from '../../support/remembering-log.ts';

const claim = (message: string): AddressClaim => ({ namespace: 'evil', name: 'trap', uid: 'u', message });
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('an Event for each claim that is new, by the leader alone', async () => {
  const clock = new FakeClock();
  const told: string[] = [];
  let isBroken = false;
  const port = {
    event: (about: { readonly ref: { readonly name: string } }, event: { readonly message: string }) => {
      if (isBroken) return Promise.reject(new Error('not today'));
      told.push(`${about.ref.name}: ${event.message}`);
      return Promise.resolve();
    },
  };
  const events = createAddressEvents({ port, clock, log: rememberingLog().log });

  events.set([claim('one')]);
  await settled();
  expect(told).toEqual([]);
  events.onStartedLeading();
  await settled();
  events.set([claim('one')]);
  await settled();
  expect(told).toEqual(['trap: one']);

  isBroken = true;
  events.set([claim('two')]);
  await settled();
  isBroken = false;
  clock.advance(1000);
  await settled();
  expect(told).toEqual(['trap: one', 'trap: two']);

  events.set([]);
  events.set([claim('two')]);
  await settled();
  expect(told).toHaveLength(3);
  await events.onStoppedLeading();
  events.set([claim('three')]);
  await settled();
  expect(told).toHaveLength(3);
});
