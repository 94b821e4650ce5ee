// One stream between bytes and session, with a clock of our own. The numbers are those of test/protocol/README.md.
import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import { SendQueue } from '../../operator/xds/server/send-queue.ts';
import type { Call } from '../../operator/xds/server/raw-call.ts';
import { Stream } from '../../operator/xds/server/stream.ts';
import { typeUrl as url } from '../../operator/envoy/proto/type-urls.ts';
import { decodeDeltaResponse, encodeDeltaRequest } from '../support/envoy/discovery-client.ts';
import { entry, view } from '../support/xds-world.ts';

class FakeCall extends EventEmitter {
  readonly written: string[] = [];
  private onWrite: () => void = () => undefined;

  getPeer(): string {
    return '127.0.0.1:1';
  }

  write(bytes: Buffer): boolean {
    this.written.push(decodeDeltaResponse(bytes).typeUrl);
    this.onWrite();
    return true;
  }

  /** Resolves when so much was written. */
  async writes(count: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.onWrite = () => {
        if (this.written.length >= count) resolve();
      };
      this.onWrite();
    });
  }
}

test('56: the limit of waiting holds although timers may fire a little early', async () => {
  // When the stream begins, at its two requests, and when the timer is set; it fires half a millisecond too soon.
  const times = [0, 0, 0, 4_995];
  const call = new FakeCall();
  const stream = new Stream(call as unknown as Call, 'delta', {
    nowMs: () => times.shift() ?? 4_999.5,
    controlPlane: '',
    sendQueue: new SendQueue(),
    identify: () => true,
    arrived: (it, bytes) => it.read(bytes),
    moved: () => undefined,
    closed: () => undefined,
  });
  stream.dispatch({
    type: 'publish',
    nowMs: 0,
    view: view({
      [url.cluster]: [withoutContent('a')],
      [url.listener]: [{ ...withoutContent('l'), clusters: ['a'] }],
    }),
  });
  const ask = (typeUrl: (typeof url)['cluster' | 'listener']): void => {
    call.emit('data', Buffer.from(encodeDeltaRequest({ nodeId: 'n', typeUrl })));
  };

  ask(url.cluster);
  ask(url.listener);
  // The listener waits for its cluster, which is never acknowledged.
  expect(call.written).toEqual([url.cluster]);
  await call.writes(2);
  call.emit('close');

  expect(call.written).toEqual([url.cluster, url.listener]);
});

/** An empty Any is enough for whom only looks at the type of a response. */
function withoutContent(name: string): ReturnType<typeof entry> {
  return { ...entry(name, '1'), any: Buffer.alloc(0) };
}
