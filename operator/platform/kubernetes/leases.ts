// The Lease of the operators in their namespace. Entry: createLeases. One attempt a call: whoever holds a Lease has
// a deadline of his own.
import { z } from 'zod';
import type { LeasePort, LeaseRecord, StoredLease } from '../../ports/lease-port.ts';
import type { ApiCaller } from './http/api-client.ts';
import { isApiError } from './http/api-error.ts';
import { resourcePath } from './kinds.ts';
import { fieldManager } from '../../values/own-names.ts';

const leaseKind = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' } as const;
const query = { fieldManager };

const Lease = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      leaseTransitions: z.number().nullish(),
      renewTime: z.string().nullish(),
    })
    .nullish(),
});

export interface LeasePlace {
  readonly namespace: string;
  readonly name: string;
}

export function createLeases(api: ApiCaller, { namespace, name }: LeasePlace): LeasePort {
  const collection = resourcePath(leaseKind, namespace);
  const path = `${collection}/${encodeURIComponent(name)}`;
  return {
    read: async () => {
      try {
        return stored(await api.call({ method: 'GET', path }));
      } catch (error) {
        if (isApiError(error, 404)) return undefined;
        throw error;
      }
    },
    write: async (record, over) => {
      const version = over === undefined ? {} : { resourceVersion: over.resourceVersion };
      const body = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace, ...version },
        spec: specOf(record),
      };
      try {
        return stored(
          await api.call(
            over === undefined
              ? { method: 'POST', path: collection, query, body }
              : { method: 'PUT', path, query, body },
          ),
        );
      } catch (error) {
        if (isApiError(error, 409) || (over !== undefined && isApiError(error, 404))) return 'conflict';
        throw error;
      }
    },
  };
}

function stored(answer: unknown): StoredLease {
  const { metadata, spec } = Lease.parse(answer);
  return {
    holder: spec?.holderIdentity ?? '',
    durationSeconds: spec?.leaseDurationSeconds ?? 0,
    transitions: spec?.leaseTransitions ?? 0,
    renewTime: spec?.renewTime ?? '',
    resourceVersion: metadata.resourceVersion,
  };
}

function specOf({ holder, durationSeconds, transitions, renewTime }: LeaseRecord): object {
  return {
    holderIdentity: holder,
    leaseDurationSeconds: durationSeconds,
    leaseTransitions: transitions,
    renewTime,
  };
}
