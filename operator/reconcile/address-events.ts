// Writes an Event on each Service that claims addresses of others, when the claim is new or changes. Entry: createAddressEvents.
import type { AddressClaim } from '../ir/address-claim.ts';
import type { WorkloadPort } from '../ports/workload-port.ts';
import type { Clock } from '../process/clock.ts';
import type { Log } from '../process/log.ts';
import { createLeaderWrites, type LeaderWrites } from './leader-writes.ts';

export interface AddressEventsOptions {
  readonly port: Pick<WorkloadPort, 'event'>;
  readonly clock: Clock;
  readonly log: Log;
}

export function createAddressEvents({ port, clock, log }: AddressEventsOptions): LeaderWrites<AddressClaim> {
  return createLeaderWrites({
    keyOf,
    valueOf: ({ message }) => message,
    write: ({ namespace, name, uid, message }) =>
      port.event(
        { ref: { kind: 'Service', namespace, name }, uid },
        { type: 'Warning', reason: 'AddressConflict', message },
      ),
    onError: (claim, error) =>
      log.warn(
        { service: claim === undefined ? undefined : keyOf(claim), error },
        'event write failed, retrying',
      ),
    clock,
  });
}

function keyOf({ namespace, name }: AddressClaim): string {
  return `${namespace}/${name}`;
}
