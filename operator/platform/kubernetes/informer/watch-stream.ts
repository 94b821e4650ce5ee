// One watch request as a sequence of events, with a watchdog: a connection over which nothing comes for too long
// is cut, because a half-open one looks the same as a quiet one. Entry: watchEvents.
import { z } from 'zod';
import type { ApiStreamer } from '../http/api-client.ts';
import { apiErrorOf } from '../http/api-error.ts';
import { type ServedKind, resourcePath, selectorOf } from '../kinds.ts';
import { linkAbort } from '../http/linked-abort.ts';
import { rawObject, type RawObject } from './raw-object.ts';
import type { JitteredClock } from '../http/jittered-clock.ts';

const Changed = z.object({ type: z.enum(['ADDED', 'MODIFIED', 'DELETED']), object: z.unknown() });
const Bookmark = z.object({
  type: z.literal('BOOKMARK'),
  object: z.object({ metadata: z.object({ resourceVersion: z.string() }) }),
});
const Failed = z.object({ type: z.literal('ERROR'), object: z.unknown() });
const Event = z.discriminatedUnion('type', [Changed, Bookmark, Failed]);
export type WatchEvent =
  { readonly type: z.infer<typeof Changed>['type']; readonly object: RawObject } | z.infer<typeof Bookmark>;

export interface WatchOptions {
  readonly kind: ServedKind;
  readonly resourceVersion: string;
  /** When the server is to end the watch; it sends a bookmark shortly before. */
  readonly timeoutSeconds: number;
  /** Longest time without a byte; more than timeoutSeconds, or a quiet watch is cut for nothing. */
  readonly silenceMs: number;
  readonly clock: JitteredClock;
  readonly signal: AbortSignal;
}

/**
 * Ends when the server ends the watch. Throws what an ERROR event says (410 Gone for example), when the connection
 * breaks, is silent or is not understood, and when the signal aborts.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export async function* watchEvents(
  api: ApiStreamer,
  options: WatchOptions,
): AsyncGenerator<WatchEvent, void, void> {
  const path = resourcePath(options.kind, options.kind.only?.namespace);
  const query = {
    ...selectorOf(options.kind),
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: options.resourceVersion,
    timeoutSeconds: String(options.timeoutSeconds),
  };
  const watchdog = startWatchdog(options);
  try {
    const bytes = await api.open({ method: 'GET', path, query }, watchdog.signal);
    for await (const line of lines(bytes, () => watchdog.reset())) yield parseEvent(line, path);
  } catch (error) {
    throw watchdog.barked()
      ? new Error(`watch ${path}: nothing came for ${options.silenceMs} ms`, { cause: error })
      : error;
  } finally {
    // Also when the consumer leaves the loop early: the request ends with it.
    watchdog.stop();
  }
}

function parseEvent(line: string, path: string): WatchEvent {
  const json: unknown = JSON.parse(line);
  const event = Event.parse(json);
  if (event.type === 'ERROR') throw apiErrorOf(`watch ${path}`, event.object, { code: 500 });
  return event.type === 'BOOKMARK' ? event : { type: event.type, object: rawObject(event.object) };
}

async function* lines(
  bytes: AsyncIterable<Uint8Array>,
  alive: () => void,
): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of bytes) {
    alive();
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    yield* parts.filter((line) => line !== '');
  }
  if (rest !== '') throw new Error('the watch ended in the middle of an event');
}

interface Watchdog {
  /** Aborts when the watchdog barks, and with the signal of the options. */
  readonly signal: AbortSignal;
  barked(): boolean;
  reset(): void;
  stop(): void;
}

function startWatchdog(options: WatchOptions): Watchdog {
  const abort = linkAbort(options.signal);
  let barked = false;
  const bark = (): void => {
    barked = true;
    abort.abort();
  };
  let disarm = options.clock.after(options.silenceMs, bark);
  return {
    signal: abort.signal,
    barked: () => barked,
    reset: () => {
      disarm();
      disarm = options.clock.after(options.silenceMs, bark);
    },
    stop: () => {
      disarm();
      abort.unlink();
    },
  };
}
