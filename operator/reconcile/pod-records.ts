// Writes on pods by what they are guarded, as translation says: the leader only. Entry: createPodRecords.
import type { PodRecord } from '../ir/pod-record.ts';
import type { PodPort } from '../ports/pod-port.ts';
import type { Clock } from '../process/clock.ts';
import type { Log } from '../process/log.ts';
import { guardedByKey } from '../values/own-names.ts';
import { createKeyQueue, type KeyQueue } from './queue.ts';

export interface PodRecordsOptions {
  readonly pods: Pick<PodPort, 'annotate'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface PodRecords {
  /** Those that are to be written, of the last batch. */
  set(records: readonly PodRecord[]): void;
  onStartedLeading(): void;
  /** Resolves when the write at hand has ended. */
  onStoppedLeading(): Promise<void>;
}

export function createPodRecords({ pods, clock, log }: PodRecordsOptions): PodRecords {
  /** By uid. */
  let wanted: ReadonlyMap<string, PodRecord> = new Map();
  /** Uid → what was written, until the pod is seen with it. */
  const written = new Map<string, string | null>();
  let queue: KeyQueue | undefined;

  const write = async (uid: string): Promise<void> => {
    const record = wanted.get(uid);
    if (record === undefined || written.get(uid) === record.value) return;
    await pods.annotate(record, guardedByKey, record.value);
    written.set(uid, record.value);
  };
  const begin = (): KeyQueue =>
    createKeyQueue({
      work: async (uid) => {
        await write(uid);
        return { type: 'done' };
      },
      clock,
      onError: (uid, error) => {
        const { namespace, name } = wanted.get(uid) ?? {};
        log.warn({ namespace, pod: name, error }, 'pod annotation failed, retrying');
      },
    });

  return {
    set: (records) => {
      for (const uid of wanted.keys()) queue?.forget(uid);
      wanted = new Map(records.map((record) => [record.uid, record]));
      for (const uid of written.keys()) if (!wanted.has(uid)) written.delete(uid);
      for (const uid of wanted.keys()) queue?.add(uid);
    },
    onStartedLeading: () => {
      queue ??= begin();
      written.clear();
      for (const uid of wanted.keys()) queue.add(uid);
    },
    onStoppedLeading: async () => {
      const ending = queue;
      queue = undefined;
      await ending?.close();
    },
  };
}
