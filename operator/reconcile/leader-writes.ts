// Writes one value for each item of the latest batch while this operator leads: once, and again after failures. Entry: createLeaderWrites.
import type { Clock } from '../process/clock.ts';
import { createKeyQueue, type KeyQueue } from './queue.ts';

export interface LeaderWritesOptions<Item> {
  /** Identifies an item from batch to batch. */
  readonly keyOf: (item: Item) => string;
  /** An item with the value that was written last is not written again. */
  readonly valueOf: (item: Item) => string | null;
  readonly write: (item: Item) => Promise<void>;
  /** A write failed and will be retried; undefined: the item is not in the latest batch anymore. */
  readonly onError: (item: Item | undefined, error: unknown) => void;
  readonly clock: Clock;
}

export interface LeaderWrites<Item> {
  /** Replaces the batch. An item that is missing is not written anymore, and is new when it comes back. */
  set(items: readonly Item[]): void;
  onStartedLeading(): void;
  /** Resolves when the write at hand has ended. */
  onStoppedLeading(): Promise<void>;
}

export function createLeaderWrites<Item>(options: LeaderWritesOptions<Item>): LeaderWrites<Item> {
  const { keyOf, valueOf, write, onError, clock } = options;
  let wanted: ReadonlyMap<string, Item> = new Map();
  const written = new Map<string, string | null>();
  let queue: KeyQueue | undefined;

  const work = async (key: string): Promise<{ readonly type: 'done' }> => {
    const item = wanted.get(key);
    if (item === undefined || written.get(key) === valueOf(item)) return { type: 'done' };
    await write(item);
    written.set(key, valueOf(item));
    return { type: 'done' };
  };

  return {
    set: (items) => {
      for (const key of wanted.keys()) queue?.forget(key);
      wanted = new Map(items.map((item) => [keyOf(item), item]));
      for (const key of written.keys()) if (!wanted.has(key)) written.delete(key);
      for (const key of wanted.keys()) queue?.add(key);
    },
    onStartedLeading: () => {
      queue ??= createKeyQueue({ work, clock, onError: (key, error) => onError(wanted.get(key), error) });
      // Another operator may have written meanwhile.
      written.clear();
      for (const key of wanted.keys()) queue.add(key);
    },
    onStoppedLeading: async () => {
      const ending = queue;
      queue = undefined;
      await ending?.close();
    },
  };
}
