// Keeps up with all objects of one kind: lists them, watches from there, and starts over when the watch is lost,
// for ever. Entry: runInformer. It delivers raw objects and does not know what they mean.
import type { Log } from '../../../process/log.ts';
import type { ApiReader, ApiStreamer } from '../http/api-client.ts';
import { isApiError } from '../http/api-error.ts';
import { createBackoff, type Backoff } from '../http/backoff.ts';
import { type Identity, identityOf, Inventory } from './inventory.ts';
import type { ServedKind } from '../kinds.ts';
import { listPages } from './list.ts';
import type { RawObject } from './raw-object.ts';
import { pause } from '../../../process/clock.ts';
import type { JitteredClock } from '../http/jittered-clock.ts';
import { untilTogether } from './until-together.ts';
import { watchEvents, type WatchEvent } from './watch-stream.ts';

/** Takes what an informer sees. Synchronous. */
export interface InformerSink {
  upsert(object: RawObject): void;
  remove(identity: Identity): void;
  /** A complete list has been delivered; called after each one. */
  listed(): void;
}

export interface InformerSettings {
  /**
   * How long the server is to keep a watch open; the first of each kind a fifth to six fifths of it. Bounds how late it is noticed
   * that a server says nothing any more, though its connection lives.
   */
  readonly watchSeconds: number;
  /** How much later than that a silent connection is cut. */
  readonly silenceGraceMs: number;
  readonly pageSize: number;
  readonly backoff: { readonly initialMs: number; readonly maxMs: number };
  /** How often to look whether an optional kind is served by now. */
  readonly absentMs: number;
}

/** Each new watch costs. A dead connection is noticed by TCP, within 20 s (api-client.ts); a silent server within six minutes (client-go: ten). */
export const defaultInformerSettings: InformerSettings = {
  watchSeconds: 300,
  silenceGraceMs: 10_000,
  pageSize: 500,
  backoff: { initialMs: 200, maxMs: 30_000 },
  absentMs: 30_000,
};

export interface InformerOptions {
  readonly kind: ServedKind;
  readonly api: ApiReader & ApiStreamer;
  readonly sink: InformerSink;
  readonly clock: JitteredClock;
  readonly log: Log;
  readonly settings: InformerSettings;
}

/** Resolves when the signal aborts; never rejects. */
export async function runInformer(options: InformerOptions, signal: AbortSignal): Promise<void> {
  await new Informer(options, signal).run();
}

class Informer {
  readonly #options: InformerOptions;
  readonly #signal: AbortSignal;
  readonly #inventory = new Inventory();
  readonly #backoff: Backoff;
  /** Why there is no list; null: there is one, or nobody has asked yet. */
  #absence: 'not served' | 'forbidden' | null = null;

  constructor(options: InformerOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#backoff = createBackoff({ ...options.settings.backoff, random: () => options.clock.random() });
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- each round begins where the one before ended
      const error = await this.#listAndWatch();
      if (this.#signal.aborted) return;
      if (this.#options.kind.isOptional === true && isNotServed(error)) {
        // oxlint-disable-next-line no-await-in-loop -- as above
        await this.#waitForKind(error);
        continue;
      }
      const waitMs = this.#backoff.nextMs();
      this.#options.log.warn({ kind: this.#options.kind.kind, err: error, waitMs }, 'watch lost, relisting');
      // oxlint-disable-next-line no-await-in-loop -- as above
      await pause(waitMs, this.#options.clock, this.#signal);
    }
  }

  /** Of a kind that is not served there is no object. What we may not read any more goes on as it was last seen. */
  async #waitForKind(error: unknown): Promise<void> {
    const { clock, kind, log, settings, sink } = this.#options;
    const isForbidden = isApiError(error, 403);
    const absence = isForbidden ? 'forbidden' : 'not served';
    if (this.#absence !== absence) {
      this.#absence = absence;
      if (isForbidden)
        log.warn({ kind: kind.kind, err: error }, 'no permission to watch, using what was seen before');
      else {
        log.info({ kind: kind.kind }, 'kind not served, waiting for it');
        for (const identity of this.#inventory.startListing().finish()) sink.remove(identity);
      }
      sink.listed();
    }
    await pause(settings.absentMs, clock, this.#signal);
  }

  /** Goes on until something fails, and returns that. */
  async #listAndWatch(): Promise<unknown> {
    try {
      let version = await this.#list();
      while (!this.#signal.aborted) {
        // oxlint-disable-next-line no-await-in-loop -- a watch goes on where the one before ended
        version = await this.#watch(version);
      }
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** Returns the version a watch starts from. A list whose pages expire is asked for again in one piece. */
  async #list(): Promise<string> {
    try {
      return await this.#deliverList(this.#options.settings.pageSize);
    } catch (error) {
      if (!isApiError(error, 410)) throw error;
      return await this.#deliverList(0);
    }
  }

  /** One watch request. Returns the version the next one starts from. */
  async #watch(from: string): Promise<string> {
    const { api, kind, clock, settings } = this.#options;
    const timeoutSeconds = untilTogether(clock.monotonicMs(), settings.watchSeconds);
    const silenceMs = timeoutSeconds * 1000 + settings.silenceGraceMs;
    const startedAt = clock.now();
    let version = from;
    const watch = { kind, resourceVersion: from, timeoutSeconds, silenceMs, clock, signal: this.#signal };
    for await (const event of watchEvents(api, watch)) {
      this.#backoff.reset();
      version = event.object.metadata.resourceVersion;
      this.#deliver(event);
    }
    if (version === from && clock.now() - startedAt < 500)
      throw new Error('the API server ends watches at once');
    this.#backoff.reset();
    return version;
  }

  async #deliverList(pageSize: number): Promise<string> {
    const { api, kind, sink } = this.#options;
    const listing = this.#inventory.startListing();
    // Of the first list each page is delivered as it comes, and then is garbage: a list is megabytes. Later ones hold little
    // that is new, and that waits until it is known what is gone: a pod may have the address of another one.
    const isFirst = this.#inventory.isEmpty();
    const changed: RawObject[] = [];
    let version = '';
    for await (const page of listPages(api, { kind, pageSize, signal: this.#signal })) {
      const fresh = page.objects.filter((object) => listing.note(object));
      if (isFirst) for (const object of fresh) this.#upsert(object);
      else changed.push(...fresh);
      version = page.resourceVersion;
    }
    this.#absence = null;
    for (const identity of listing.finish()) sink.remove(identity);
    for (const object of changed) this.#upsert(object);
    sink.listed();
    return version;
  }

  #deliver(event: WatchEvent): void {
    if (event.type === 'BOOKMARK') return;
    if (event.type === 'DELETED') {
      this.#inventory.delete(event.object);
      this.#options.sink.remove(identityOf(event.object));
      return;
    }
    this.#upsert(event.object);
  }

  #upsert(object: RawObject): void {
    if (this.#inventory.put(object)) this.#options.sink.upsert(object);
  }
}

/** Its API is not installed (any more), or the operator has an older ClusterRole. */
function isNotServed(error: unknown): boolean {
  return isApiError(error, 404) || isApiError(error, 403);
}
