// Responses as frames, and both ways to write them: by grpc-js's parts, and by grpc-js itself where these are missing.
import { describe, expect, test } from '@jest/globals';
import { typeUrl as url } from '../../../../operator/envoy/proto/type-urls.ts';
import { frameOf, prefixBytes, type Frame } from '../../../../operator/xds/server/frames.ts';
import { newSendLane, SendQueue } from '../../../../operator/xds/server/send-queue.ts';
import { chunkWriter, type Call } from '../../../../operator/xds/server/raw-call.ts';
import type { Send } from '../../../../operator/xds/session/events.ts';
import type { Entry } from '../../../../operator/xds/snapshot/types.ts';
import { allEntries } from '../../../../operator/xds/session/stack-entries.ts';
import { decodeDeltaResponse } from '../../../support/envoy/discovery-client.ts';
import { encodeAny } from '../../../../operator/envoy/proto/registry.ts';

function entry(name: string, bytes: number): Entry {
  const any = encodeAny(url.cluster, { name, alt_stat_name: 'x'.repeat(bytes) });
  return { name, version: `${name}-1`, any, origins: [], clusters: [], exclusiveKeys: [] };
}

function sendOf(resources: readonly Entry[], nonce = '7'): Send {
  return { type: 'send', typeUrl: url.cluster, nonce, resources, removed: ['gone'] };
}

function whole(entries: readonly Entry[]): readonly Entry[] {
  return allEntries([
    { typeUrl: url.cluster, entries: new Map(entries.map((it) => [it.name, it])) },
    { typeUrl: url.cluster, entries: new Map() },
  ]);
}

function messageOf({ chunks, bytes }: Frame): Buffer {
  const all = Buffer.concat(chunks);
  expect(all.length).toBe(bytes);
  expect(all.readUInt8(0)).toBe(0);
  expect(all.readUInt32BE(1)).toBe(all.length - prefixBytes);
  return all.subarray(prefixBytes);
}

describe('a frame', () => {
  const entries = [entry('a', 3), entry('b', 20_000), entry('c', 3)];

  test.each([
    ['entries, one by one', entries],
    ['a whole stack of layers', whole(entries)],
  ])('of %s is one gRPC message that holds them all', (_what, resources) => {
    const message = decodeDeltaResponse(messageOf(frameOf(sendOf(resources), 'delta', 'me')));

    expect(message).toMatchObject({ typeUrl: url.cluster, nonce: '7', removed: ['gone'] });
    expect(message.resources.map(({ name, version }) => [name, version])).toEqual([
      ['a', 'a-1'],
      ['b', 'b-1'],
      ['c', 'c-1'],
    ]);
  });

  test('for many streams shares its large pieces: they are encoded once', () => {
    const list = whole(entries);

    const [one, two] = ['1', '2'].map((nonce) => frameOf(sendOf(list, nonce), 'delta', null));

    const large = ({ chunks }: Frame): Buffer | undefined => chunks.find((it) => it.length > 20_000);
    expect(one && large(one)).toBeDefined();
    expect(one && large(one)).toBe(two && large(two));
  });
});

describe('a frame is written', () => {
  const frame = frameOf(sendOf([entry('a', 100_000)]), 'delta', null);

  test('without a copy where the parts of grpc-js are as we know them', () => {
    const written: Buffer[] = [];
    const stream = {
      write: (chunk: Buffer) => void written.push(chunk),
      cork: () => undefined,
      uncork: () => undefined,
    };
    const inner = { stream, maybeSendMetadata: () => undefined, checkCancelled: () => false };

    chunkWriter({ call: inner } as unknown as Call)(frame.chunks);

    expect(written.length).toBe(frame.chunks.length);
    expect(written.every((chunk, index) => chunk === frame.chunks[index])).toBe(true);
  });

  test.each([
    ['no inner call', {}],
    ['an inner call of another shape', { call: { stream: { write: () => undefined } } }],
  ])('by grpc-js itself, whole, where there is %s', async (_what, parts) => {
    const written: Buffer[] = [];
    const call = {
      ...parts,
      write: (message: Buffer, done?: () => void) => {
        written.push(message);
        if (done !== undefined) setImmediate(done);
      },
    };
    const lane = newSendLane(chunkWriter(call as unknown as Call));
    const sendQueue = new SendQueue({ pieceBytes: 1000 });

    const small = frameOf(sendOf([entry('b', 3)], '8'), 'delta', null);
    sendQueue.send(lane, frame);
    sendQueue.send(lane, small);
    const deadline = Date.now() + 5_000;
    // oxlint-disable-next-line no-await-in-loop -- one turn after the other
    while (written.length < 2 && Date.now() < deadline) await new Promise((go) => setImmediate(go));

    expect(written.map((it) => it.equals(messageOf(frame)))).toEqual([true, false]);
    expect(written[1]?.equals(messageOf(small))).toBe(true);
  });

  test('nothing to a call that was cancelled, and who waits is told', async () => {
    const written: unknown[] = [];
    const stream = { write: (chunk: unknown) => written.push(chunk), cork: () => undefined };
    const inner = { stream, maybeSendMetadata: () => undefined, checkCancelled: () => true };

    await new Promise<void>((done) => {
      chunkWriter({ call: inner } as unknown as Call)(frame.chunks, done);
    });

    expect(written).toEqual([]);
  });
});
