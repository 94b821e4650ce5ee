// Keys to be worked on, one after the other: a key that is added twice is worked on once, one that is added while it
// is worked on once more. Entry: createKeyQueue. It knows nothing of what a key stands for.
import type { Timers } from '../certificates/timers.ts';

export type Outcome = { readonly type: 'done' } | { readonly type: 'again'; readonly afterMs: number };

export interface KeyQueueOptions {
  /** A rejection is tried again after 1 s, doubling to 60 s. */
  readonly work: (key: string) => Promise<Outcome>;
  readonly timers: Timers;
  readonly onError: (key: string, error: unknown) => void;
}

export interface KeyQueue {
  /** At the end of the queue, unless it is there already. A later time that it waits for no longer counts. */
  add(key: string): void;
  forget(key: string): void;
  /** Nothing is begun any more; resolves when the one at work has ended. */
  close(): Promise<void>;
}

const firstDelayMs = 1000;
const maxDelayMs = 60_000;

export function createKeyQueue({ work, timers, onError }: KeyQueueOptions): KeyQueue {
  const due = new Set<string>();
  const later = new Map<string, () => void>();
  const failures = new Map<string, number>();
  let running: Promise<void> | undefined;
  let isClosed = false;

  const settle = (key: string, outcome: Outcome): void => {
    switch (outcome.type) {
      case 'done':
        return;
      case 'again':
        if (!due.has(key) && !isClosed) schedule(key, outcome.afterMs);
    }
  };
  const schedule = (key: string, delayMs: number): void => {
    later.get(key)?.();
    later.set(
      key,
      timers.after(delayMs, () => add(key)),
    );
  };
  const workOn = async (key: string): Promise<void> => {
    try {
      const outcome = await work(key);
      failures.delete(key);
      settle(key, outcome);
    } catch (error) {
      onError(key, error);
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      settle(key, { type: 'again', afterMs: Math.min(firstDelayMs * 2 ** count, maxDelayMs) });
    }
  };
  const drain = async (): Promise<void> => {
    for (let key = first(due); key !== undefined && !isClosed; key = first(due)) {
      due.delete(key);
      // One after the other: this is what a queue is for.
      // oxlint-disable-next-line no-await-in-loop
      await workOn(key);
    }
    running = undefined;
  };
  const add = (key: string): void => {
    if (isClosed) return;
    later.get(key)?.();
    later.delete(key);
    due.add(key);
    running ??= Promise.resolve().then(drain);
  };

  return {
    add,
    forget: (key) => {
      later.get(key)?.();
      later.delete(key);
      due.delete(key);
      failures.delete(key);
    },
    close: async () => {
      isClosed = true;
      for (const cancel of later.values()) cancel();
      await running;
    },
  };
}

function first(keys: ReadonlySet<string>): string | undefined {
  for (const key of keys) return key;
  return undefined;
}
