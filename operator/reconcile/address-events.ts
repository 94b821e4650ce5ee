// Tells who wrote a Service that claims addresses of others, by an Event on the Service: the leader only. Entry: createAddressEvents.
import type { AddressClaim } from '../ir/address-claim.ts';
import type { WorkloadPort } from '../ports/workload-port.ts';
import type { Clock } from '../process/clock.ts';
import type { Log } from '../process/log.ts';
import { createKeyQueue, type KeyQueue } from './queue.ts';

export interface AddressEventsOptions {
  readonly port: Pick<WorkloadPort, 'event'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface AddressEvents {
  /** Of the last batch. */
  set(claims: readonly AddressClaim[]): void;
  onStartedLeading(): void;
  /** Resolves when the write at hand has ended. */
  onStoppedLeading(): Promise<void>;
}

/** An Event for each claim that is new or says something else. */
export function createAddressEvents({ port, clock, log }: AddressEventsOptions): AddressEvents {
  /** By `namespace/name`. */
  let claims: ReadonlyMap<string, AddressClaim> = new Map();
  const told = new Map<string, string>();
  let queue: KeyQueue | undefined;

  const tell = async (key: string): Promise<void> => {
    const claim = claims.get(key);
    if (claim === undefined || told.get(key) === claim.message) return;
    const { namespace, name, uid, message } = claim;
    await port.event(
      { ref: { kind: 'Service', namespace, name }, uid },
      { type: 'Warning', reason: 'AddressConflict', message },
    );
    told.set(key, message);
  };
  const begin = (): KeyQueue =>
    createKeyQueue({
      work: async (key) => {
        await tell(key);
        return { type: 'done' };
      },
      clock,
      onError: (service, error) => log.warn({ service, error }, 'event write failed, retrying'),
    });

  return {
    set: (next) => {
      claims = new Map(next.map((claim) => [`${claim.namespace}/${claim.name}`, claim]));
      for (const key of told.keys()) if (!claims.has(key)) told.delete(key);
      for (const key of claims.keys()) queue?.add(key);
    },
    onStartedLeading: () => {
      queue ??= begin();
      for (const key of claims.keys()) queue.add(key);
    },
    onStoppedLeading: async () => {
      const ending = queue;
      queue = undefined;
      await ending?.close();
    },
  };
}
