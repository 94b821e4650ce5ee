// Brings statuses to the platform: only those that differ, the latest of each object, a few at a time, again
// after a failure. Entry: createStatusWriter. All I/O goes through a StatusPort; it knows no condition by name.
import type { Clock } from '../process/clock.ts';
import type { Component } from '../process/lifecycle.ts';
import type { Log } from '../process/log.ts';
import type { ObjectStatus, StatusPort } from '../ports/platform.ts';
import { type ObjectRef, refKey } from '../objects/objects.ts';
import { eventsOf } from './events.ts';
import { continueStatus, type StatusUpdate } from './object-status.ts';

export interface StatusWriterMetrics {
  statusWritten(result: 'success' | 'failure'): void;
}

export interface StatusWriterOptions {
  readonly port: StatusPort;
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: StatusWriterMetrics;
}

export interface StatusWriter extends Component {
  /**
   * The statuses of all objects there are: what is not among them is forgotten. Only notes them down; the first
   * write of an object goes out at once, the next ones gather what comes within 100 ms.
   */
  offer(updates: readonly StatusUpdate[]): void;
  /** Reads what these have, before anything is offered. Of those that cannot be read now nothing is known. */
  prime(refs: readonly ObjectRef[]): Promise<void>;
  /** The object was removed: one of the same name that comes later has no status, even if no offer came between. */
  forget(ref: ObjectRef): void;
  /** Forgets all objects, as another operator writes from now on. Resolves when the writes under way have ended. */
  clear(): Promise<void>;
  /** By refKey, what each object has or is about to have: the `previous` of the next aggregation. */
  latest(): ReadonlyMap<string, ObjectStatus>;
}

const maxConcurrent = 8;
const gatherMs = 100;
const firstRetryMs = 200;
const maxRetryMs = 30_000;

/** What is known of one object. */
interface Item {
  readonly ref: ObjectRef;
  /** What it has; undefined before it was read, null if it had none. */
  written: ObjectStatus | null | undefined;
  /** idle: nothing to do. queued: waits for a slot. writing. resting: a timer runs before it may be queued again. */
  phase: 'idle' | 'queued' | 'writing' | 'resting';
  failures: number;
}

export function createStatusWriter(options: StatusWriterOptions): StatusWriter {
  return new Writer(options);
}

class Writer implements StatusWriter {
  readonly name = 'status writer';
  readonly #options: StatusWriterOptions;
  readonly #items = new Map<string, Item>();
  readonly #latest = new Map<string, ObjectStatus>();
  readonly #queue: Item[] = [];
  readonly #turns = new Set<Promise<void>>();
  readonly #rests = new Set<() => void>();
  #running = false;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    this.#running = true;
    this.#fill();
    return Promise.resolve();
  }

  /** Ends with the writes under way: what is still waiting is computed again after a restart. */
  async stop(): Promise<void> {
    this.#running = false;
    for (const cancel of this.#rests) cancel();
    this.#rests.clear();
    await Promise.all(this.#turns);
  }

  ready(): boolean {
    return this.#running;
  }

  offer(updates: readonly StatusUpdate[]): void {
    const offered = new Set<string>();
    for (const { ref, status } of updates) {
      const key = refKey(ref);
      offered.add(key);
      this.#latest.set(key, continueStatus(this.#latest.get(key), status));
      const item = this.#items.get(key) ?? { ref, written: undefined, phase: 'idle', failures: 0 };
      this.#items.set(key, item);
      this.#enqueue(item);
    }
    for (const [key, { ref }] of this.#items) if (!offered.has(key)) this.forget(ref);
    this.#fill();
  }

  async prime(refs: readonly ObjectRef[]): Promise<void> {
    const left = refs.filter((ref) => !this.#items.has(refKey(ref)));
    const readOn = async (): Promise<void> => {
      for (let ref = left.pop(); ref !== undefined; ref = left.pop()) await this.#read(ref);
    };
    await Promise.all(Array.from({ length: maxConcurrent }, readOn));
  }

  async #read(ref: ObjectRef): Promise<void> {
    const key = refKey(ref);
    try {
      const written = (await this.#options.port.read(ref)) ?? null;
      if (this.#items.has(key)) return;
      this.#items.set(key, { ref, written, phase: 'idle', failures: 0 });
      if (written !== null) this.#latest.set(key, written);
    } catch (error) {
      this.#options.log.warn({ object: key, error }, 'status not read');
    }
  }

  forget(ref: ObjectRef): void {
    this.#items.delete(refKey(ref));
    this.#latest.delete(refKey(ref));
  }

  async clear(): Promise<void> {
    this.#items.clear();
    this.#latest.clear();
    await Promise.all(this.#turns);
  }

  latest(): ReadonlyMap<string, ObjectStatus> {
    return this.#latest;
  }

  #enqueue(item: Item): void {
    if (item.phase !== 'idle' || this.#wanted(item) === undefined) return;
    item.phase = 'queued';
    this.#queue.push(item);
  }

  /** What the object is to have, if it is still there and has not got it. */
  #wanted(item: Item): ObjectStatus | undefined {
    const key = refKey(item.ref);
    const latest = this.#latest.get(key);
    return this.#items.get(key) !== item || latest === item.written ? undefined : latest;
  }

  #fill(): void {
    while (this.#running && this.#turns.size < maxConcurrent) {
      const item = this.#queue.shift();
      if (item === undefined) return;
      const turn = this.#takeTurn(item);
      const done = turn.finally(() => {
        this.#turns.delete(done);
        this.#fill();
      });
      this.#turns.add(done);
    }
  }

  async #takeTurn(item: Item): Promise<void> {
    item.phase = 'writing';
    this.#rest(item, await this.#bring(item));
  }

  /** Never rejects. @returns for how long the object is then left alone, in milliseconds. */
  async #bring(item: Item): Promise<number> {
    try {
      const didWrite = await this.#write(item);
      item.failures = 0;
      return didWrite ? gatherMs : 0;
    } catch (error) {
      this.#options.metrics.statusWritten('failure');
      const retryMs = Math.min(maxRetryMs, firstRetryMs * 2 ** item.failures);
      item.failures += 1;
      this.#options.log.warn({ object: refKey(item.ref), retryMs, error }, 'status write failed, retrying');
      return retryMs;
    }
  }

  /** @returns whether there was something to write. */
  async #write(item: Item): Promise<boolean> {
    if (this.#wanted(item) === undefined) return false;
    if (item.written === undefined) item.written = (await this.#options.port.read(item.ref)) ?? null;
    const wanted = this.#wanted(item);
    if (wanted === undefined) return false;
    const status = continueStatus(item.written ?? undefined, wanted);
    // From here on this is the latest, with the times at which conditions really changed.
    this.#latest.set(refKey(item.ref), status);
    if (status === item.written) return false;
    await this.#options.port.write(item.ref, status, eventsOf(item.written, status));
    item.written = status;
    this.#options.metrics.statusWritten('success');
    return true;
  }

  #rest(item: Item, restMs: number): void {
    item.phase = 'idle';
    if (!this.#running) return;
    if (restMs === 0) {
      this.#enqueue(item);
      return;
    }
    item.phase = 'resting';
    const cancel = this.#options.clock.after(restMs, () => {
      this.#rests.delete(cancel);
      item.phase = 'idle';
      this.#enqueue(item);
      this.#fill();
    });
    this.#rests.add(cancel);
  }
}
