// What waits for one provider, of one type: bounded, one message at a time, and what there is no room for is dropped and counted. Nobody waits for it.
import type { Clock } from '../process/clock.ts';
import { bytesOf, type Signal, sizeOf } from './signals.ts';

/**
 * taken; or not, and it may be sent again; or not, and never will be; or not, because it is too large, or something in it is wrong: less of it may
 * be taken; or only partly, and so much of it never will be.
 */
export type Outcome =
  | { readonly type: 'taken' }
  | { readonly type: 'failed' | 'refused' | 'tooLarge' | 'invalid'; readonly reason: string }
  | { readonly type: 'partly'; readonly refused: number; readonly reason: string };

/** The promise never rejects, and ends within half a minute. */
export type Send = (signals: readonly Signal[]) => Promise<Outcome>;

export interface OutboxOptions {
  readonly send: Send;
  readonly clock: Pick<Clock, 'after' | 'now'>;
  /** So many records, spans or counts. */
  readonly counted: (result: 'sent' | 'dropped', count: number) => void;
  /** What `state` says is another. */
  readonly changed: () => void;
}

export interface OutboxState {
  /** Null: the last message was taken, or there was none. */
  readonly trouble: { readonly reason: string; readonly sinceMs: number } | null;
  readonly dropped: number;
}

/** Records, spans or counts. */
const most = 10_000;
const mostBytes = 8 * 1024 * 1024;
/** Of one message; the first signal always goes. gRPC refuses more than 4 MiB, mostly. */
const mostInMessage = 1_000;
const mostBytesInMessage = 1024 * 1024;
/** Where it sends more than the provider takes. */
const overflow = 'it takes less than sidecars send';
const firstPauseMs = 1_000;
const longestPauseMs = 30_000;

export class Outbox {
  readonly #options: OutboxOptions;
  #waiting: Signal[] = [];
  #count = 0;
  #bytes = 0;
  /** Of the next message: less than usual after one that was too large. */
  #bytesInMessage = mostBytesInMessage;
  /** Since the last message that was taken. */
  #hasOverflowed = false;
  #isBusy = false;
  #isClosed = false;
  #pauseMs = firstPauseMs;
  #cancel: () => void = () => undefined;
  #state: OutboxState = { trouble: null, dropped: 0 };

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get state(): OutboxState {
    return this.#state;
  }

  offer(signal: Signal): void {
    const size = sizeOf(signal);
    if (size === 0 || this.#isClosed) return;
    const bytes = bytesOf(signal);
    if (this.#count + size > most || this.#bytes + bytes > mostBytes) {
      this.#hasOverflowed = true;
      this.#drop(size);
      if (this.#state.trouble === null) this.#isIn(overflow);
      return;
    }
    this.#waiting.push(signal);
    this.#count += size;
    this.#bytes += bytes;
    this.#next();
  }

  /** What waits is dropped. */
  close(): void {
    this.#isClosed = true;
    this.#cancel();
    for (const signal of this.#waiting) this.#drop(sizeOf(signal));
    this.#waiting = [];
  }

  #next(): void {
    if (this.#isBusy || this.#isClosed || this.#waiting.length === 0) return;
    this.#isBusy = true;
    void this.#sendSome();
  }

  async #sendSome(): Promise<void> {
    const some = this.#first();
    const size = some.reduce((sum, signal) => sum + sizeOf(signal), 0);
    const outcome = await this.#options.send(some);
    if (this.#isClosed) return;
    if (outcome.type === 'failed') {
      this.#isIn(outcome.reason);
      this.#cancel = this.#options.clock.after(this.#pauseMs, () => this.#go());
      this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs);
      return;
    }
    // Also if something in it is wrong: one workload must not take what others tell along.
    if ((outcome.type === 'tooLarge' || outcome.type === 'invalid') && some.length > 1) {
      this.#bytesInMessage = Math.floor(some.reduce((sum, signal) => sum + bytesOf(signal), 0) / 2);
      this.#go();
      return;
    }
    this.#remove(some);
    this.#settle(outcome, size);
    this.#pauseMs = firstPauseMs;
    this.#go();
  }

  #remove(some: readonly Signal[]): void {
    const gone = new Set(some);
    this.#waiting = this.#waiting.filter((signal) => !gone.has(signal));
    for (const signal of some) {
      this.#count -= sizeOf(signal);
      this.#bytes -= bytesOf(signal);
    }
  }

  /** Some or all of it was taken, or never will be. */
  #settle(outcome: Outcome, size: number): void {
    const refused = refusedOf(outcome, size);
    if (outcome.type === 'taken') {
      this.#isIn(this.#hasOverflowed ? overflow : null);
      this.#hasOverflowed = false;
    } else this.#isIn(outcome.reason);
    if (refused > 0) this.#drop(refused);
    if (refused === size) return;
    this.#bytesInMessage = Math.min(2 * this.#bytesInMessage, mostBytesInMessage);
    this.#options.counted('sent', size - refused);
  }

  #go(): void {
    this.#isBusy = false;
    this.#next();
  }

  #first(): readonly Signal[] {
    const some: Signal[] = [];
    let [count, bytes] = [0, 0];
    for (const signal of this.#waiting) {
      count += sizeOf(signal);
      bytes += bytesOf(signal);
      if (some.length > 0 && (count > mostInMessage || bytes > this.#bytesInMessage)) break;
      some.push(signal);
    }
    return some;
  }

  #drop(size: number): void {
    this.#options.counted('dropped', size);
    const isFirst = this.#state.dropped === 0;
    this.#state = { ...this.#state, dropped: this.#state.dropped + size };
    if (isFirst) this.#options.changed();
  }

  #isIn(reason: string | null): void {
    const { trouble } = this.#state;
    if (trouble?.reason === (reason ?? undefined)) return;
    const sinceMs = trouble?.sinceMs ?? this.#options.clock.now();
    this.#state =
      reason === null ? { trouble: null, dropped: 0 } : { ...this.#state, trouble: { reason, sinceMs } };
    this.#options.changed();
  }
}

function refusedOf(outcome: Outcome, size: number): number {
  if (outcome.type === 'taken') return 0;
  return outcome.type === 'partly' ? Math.min(outcome.refused, size) : size;
}
