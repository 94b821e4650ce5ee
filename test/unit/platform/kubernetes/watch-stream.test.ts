import { expect, test } from '@jest/globals';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import {
  watchEvents,
  type WatchEvent,
} from '../../../../operator/platform/kubernetes/informer/watch-stream.ts';
import { kindOf } from '../../../../operator/platform/kubernetes/kinds.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

function watch(
  bytes: (signal: AbortSignal) => AsyncIterable<Uint8Array>,
  clock = new FakeClock(),
): AsyncGenerator<WatchEvent, void, void> {
  const api = { open: (_request: unknown, signal: AbortSignal) => Promise.resolve(bytes(signal)) };
  const { signal } = new AbortController();
  return watchEvents(api, {
    kind: kindOf('Service'),
    resourceVersion: '1',
    timeoutSeconds: 40,
    silenceMs: 50_000,
    clock,
    signal,
  });
}

function chunks(...texts: readonly (string | Uint8Array)[]): AsyncIterable<Uint8Array> {
  return Readable.from(texts.map((text) => Buffer.from(text)));
}

async function collect(events: AsyncIterable<WatchEvent>): Promise<string[]> {
  const seen: string[] = [];
  for await (const { type, object } of events) seen.push(`${type} ${JSON.stringify(object.metadata)}`);
  return seen;
}

const line = (type: string, name: string): string =>
  `{"type":"${type}","object":{"metadata":{"name":"${name}","resourceVersion":"2"}}}\n`;

test('puts events together from pieces, also when a piece ends inside a character', async () => {
  const bytes = Buffer.from(line('ADDED', 'café') + line('DELETED', 'b'));
  const cut = bytes.indexOf(0xa9);

  const seen = await collect(watch(() => chunks(bytes.subarray(0, cut), bytes.subarray(cut))));

  expect(seen).toEqual([
    'ADDED {"name":"café","resourceVersion":"2"}',
    'DELETED {"name":"b","resourceVersion":"2"}',
  ]);
});

test('delivers bookmarks, which carry only a version', async () => {
  const bookmark = '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}\n';

  expect(await collect(watch(() => chunks(bookmark)))).toEqual(['BOOKMARK {"resourceVersion":"9"}']);
});

test('throws what an error event says', async () => {
  const error =
    '{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}}\n';

  await expect(collect(watch(() => chunks(error)))).rejects.toMatchObject({ code: 410, reason: 'Expired' });
});

test('throws when the connection ends in the middle of an event', async () => {
  await expect(collect(watch(() => chunks(line('ADDED', 'a'), '{"type":"ADD')))).rejects.toThrow(
    'middle of an event',
  );
});

test('cuts a connection over which nothing came for silenceMs, counted from the last byte', async () => {
  const clock = new FakeClock();
  const seen: number[] = [];
  const silent = watch(async function* (signal) {
    clock.advance(49_999);
    yield Buffer.from(line('ADDED', 'a'));
    const cut = once(signal, 'abort');
    clock.advance(49_999);
    seen.push(Number(signal.aborted));
    clock.advance(1);
    await cut;
    throw new Error('aborted');
  }, clock);

  await expect(collect(silent)).rejects.toThrow('nothing came for 50000 ms');
  expect({ seen, pending: clock.pending }).toEqual({ seen: [0], pending: 0 });
});
