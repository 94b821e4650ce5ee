// Settling: when to hand noted changes on. The first change after quiet goes out at once, bursts are gathered,
// urgent ones do not wait. Knows nothing of what is noted.
import type { Clock } from './clock.ts';
import { Pacer } from './pacer.ts';

export interface SettleOptions {
  /** A burst has ended when nothing was noted for this long, in milliseconds. */
  readonly quietMs: number;
  /** No change waits longer than this, in milliseconds, however long the burst. */
  readonly maxMs: number;
  /** Urgent changes that follow an urgent flush within this time go out together after it, in milliseconds. */
  readonly urgentMs: number;
  /** If a flush takes long, that time is longer: so many milliseconds for each that it took, up to maxMs. */
  readonly restPerWork: number;
}

export const defaultSettleOptions: SettleOptions = {
  quietMs: 20,
  maxMs: 200,
  urgentMs: 40,
  restPerWork: 8,
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

interface Slots {
  has(slot: Slot): boolean;
  /** In place of what runs in the slot. */
  readonly start: (slot: Slot, delayMs: number, fire: () => void) => void;
  readonly cancelAll: () => void;
}

function createSlots(clock: Clock): Slots {
  const running = new Map<Slot, () => void>();
  return {
    has: (slot) => running.has(slot),
    start(slot, delayMs, fire) {
      running.get(slot)?.();
      running.set(
        slot,
        clock.after(delayMs, () => {
          running.delete(slot);
          fire();
        }),
      );
    },
    cancelAll() {
      for (const cancel of running.values()) cancel();
      running.clear();
    },
  };
}

export function createSettle(options: SettleOptions, clock: Clock, flush: () => void): Settle {
  const { quietMs, maxMs, urgentMs, restPerWork } = options;
  const running = createSlots(clock);
  const pacer = new Pacer({ clock, restPerWork, maxRestMs: maxMs });
  let isPending = false;
  let isUrgent = false;
  let isClosed = false;

  const { start, cancelAll } = running;
  const fireFlush = (): void => {
    cancelAll();
    isPending = false;
    if (isUrgent) start('urgent', urgentMs, onUrgent);
    isUrgent = false;
    // A change within this window belongs to a burst; one after it goes out at once again.
    start('quiet', quietMs, onQuiet);
    pacer.run(flush);
    const restMs = pacer.restMs();
    if (running.has('urgent') && restMs > urgentMs) start('urgent', restMs, onUrgent);
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
      start('quiet', quietMs, onQuiet);
      if (!running.has('max')) start('max', maxMs, fireFlush);
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
