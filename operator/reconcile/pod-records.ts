// Writes what guards a pod to an annotation of the pod, as translation says. Entry: createPodRecords.
import type { PodRecord } from '../ir/pod-record.ts';
import type { PodPort } from '../ports/pod-port.ts';
import type { Clock } from '../process/clock.ts';
import type { Log } from '../process/log.ts';
import { guardedByKey } from '../values/own-names.ts';
import { createLeaderWrites, type LeaderWrites } from './leader-writes.ts';

export interface PodRecordsOptions {
  readonly pods: Pick<PodPort, 'annotate'>;
  readonly clock: Clock;
  readonly log: Log;
}

export function createPodRecords({ pods, clock, log }: PodRecordsOptions): LeaderWrites<PodRecord> {
  return createLeaderWrites({
    keyOf: ({ uid }) => uid,
    valueOf: ({ value }) => value,
    write: (record) => pods.annotate(record, guardedByKey, record.value),
    onError: (record, error) =>
      log.warn({ namespace: record?.namespace, pod: record?.name, error }, 'pod annotation failed, retrying'),
    clock,
  });
}
