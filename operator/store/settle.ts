// Settling: when to hand noted changes on. The first change after quiet goes out at once, bursts are gathered,
// urgent ones do not wait. Knows nothing of what is noted; timers are passed in.

/** Calls `fire` once after `delayMs` milliseconds unless the returned function is called first. */
export type Timer = (delayMs: number, fire: () => void) => () => void;

export interface SettleOptions {
  /** A burst has ended when nothing was noted for this long, in milliseconds. */
  readonly quietMs: number;
  /** No change waits longer than this, in milliseconds, however long the burst. */
  readonly maxMs: number;
  /** Urgent changes that follow an urgent flush within this time go out together after it, in milliseconds. */
  readonly urgentMs: number;
  /** If a flush takes long, that time is longer: so many milliseconds for each that it took. */
  readonly restPerWork: number;
}

export const defaultSettleOptions: SettleOptions = {
  quietMs: 20,
  maxMs: 200,
  urgentMs: 40,
  restPerWork: 4,
};

export interface Settle {
  /** Something changed: flush soon. */
  note(): void;
  /** Something changed that must not wait for a burst to end: flush in the next turn of the event loop. */
  noteUrgent(): void;
  /** Cancels every timer; nothing is flushed any more. */
  close(): void;
}

type Slot = 'now' | 'quiet' | 'max' | 'urgent';

export function createSettle(
  options: SettleOptions,
  timer: Timer,
  flush: () => void,
  nowMs: () => number = () => performance.now(),
): Settle {
  const running = new Map<Slot, () => void>();
  let isPending = false;
  let isUrgent = false;
  let isClosed = false;

  const start = (slot: Slot, delayMs: number, fire: () => void): void => {
    running.get(slot)?.();
    running.set(
      slot,
      timer(delayMs, () => {
        running.delete(slot);
        fire();
      }),
    );
  };
  const cancelAll = (): void => {
    for (const cancel of running.values()) cancel();
    running.clear();
  };
  const fireFlush = (): void => {
    cancelAll();
    isPending = false;
    if (isUrgent) start('urgent', options.urgentMs, onUrgent);
    isUrgent = false;
    // A change within this window belongs to a burst; one after it goes out at once again.
    start('quiet', options.quietMs, onQuiet);
    const begunAtMs = nowMs();
    flush();
    const restMs = options.restPerWork * (nowMs() - begunAtMs);
    if (running.has('urgent') && restMs > options.urgentMs) start('urgent', restMs, onUrgent);
  };
  const onQuiet = (): void => {
    const isGathered = isUrgent && running.has('urgent');
    if (isPending && !isGathered) fireFlush();
  };
  const onUrgent = (): void => {
    if (isUrgent) fireFlush();
  };
  const fireNow = (): void => {
    // 0 ms, not at once: what is noted in the same turn goes out together.
    if (!running.has('now')) start('now', 0, fireFlush);
  };

  return {
    note() {
      if (isClosed) return;
      isPending = true;
      if (running.has('now')) return;
      if (!running.has('quiet')) return fireNow();
      start('quiet', options.quietMs, onQuiet);
      if (!running.has('max')) start('max', options.maxMs, fireFlush);
    },
    noteUrgent() {
      if (isClosed) return;
      isPending = true;
      isUrgent = true;
      if (!running.has('urgent')) fireNow();
    },
    close() {
      isClosed = true;
      cancelAll();
    },
  };
}
