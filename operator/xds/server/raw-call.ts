// Writes frames to a gRPC call without a copy. grpc-js copies every message behind its prefix; below that, its parts are
// public enough to do without. Where they look different, in another release, its own way is taken: slower, but right.
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Http2Stream } from 'node:http2';
import { prefixBytes } from './frames.ts';

export type Call = ServerDuplexStream<Buffer, Buffer>;

/** The next bytes of a frame. `done` is called once they have left the process, or never will. */
export type WriteChunks = (chunks: readonly Buffer[], done?: () => void) => void;

/** The BaseServerInterceptingCall of grpc-js 1.14, as far as it is used here. */
interface InnerCall {
  readonly stream: Http2Stream;
  maybeSendMetadata(): void;
  checkCancelled(): boolean;
}

export function chunkWriter(call: Call): WriteChunks {
  const inner = innerCall(call);
  return inner === null ? copyingWriter(call) : (chunks, done) => write(inner, chunks, done);
}

/**
 * Of a call that is paused one request is kept, and the rest stays with the client. gRPC would read sixteen ahead, of any size.
 * Where Node is built in another way, it does.
 */
export function readOneAtATime(call: object): void {
  const state: unknown = Reflect.get(call, '_readableState');
  if (typeof state === 'object' && state !== null && 'highWaterMark' in state) state.highWaterMark = 1;
}

/** Whether the client answers a ping of HTTP/2 within so many milliseconds. Where gRPC is built in another way: true. */
export function answersPing(call: object, ms: number): Promise<boolean> {
  const inner = innerCall(call);
  if (inner === null) return Promise.resolve(true);
  const { session } = inner.stream;
  if (session === undefined || session.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    session.ping((error) => {
      clearTimeout(timer);
      resolve(error === null);
    });
  });
}

/** null if this release of grpc-js is built in another way. */
export function innerCall(call: object): InnerCall | null {
  const inner: unknown = Reflect.get(call, 'call');
  return isInnerCall(inner) ? inner : null;
}

function isInnerCall(value: unknown): value is InnerCall {
  return (
    has(value, ['maybeSendMetadata', 'checkCancelled']) &&
    has(Reflect.get(value, 'stream'), ['write', 'cork'])
  );
}

function has(value: unknown, methods: readonly string[]): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return methods.every((it) => typeof Reflect.get(value, it) === 'function');
}

function write(inner: InnerCall, chunks: readonly Buffer[], done?: () => void): void {
  if (inner.checkCancelled()) {
    // Not within this call: who waits for it may write again at once.
    if (done !== undefined) setImmediate(done);
    return;
  }
  inner.maybeSendMetadata();
  const { stream } = inner;
  const last = chunks.length - 1;
  if (last > 0) stream.cork();
  for (const [index, chunk] of chunks.entries()) {
    if (index < last || done === undefined) stream.write(chunk);
    else stream.write(chunk, done);
  }
  if (last > 0) stream.uncork();
}

/** By way of grpc-js, which takes whole messages: they are put together from the pieces first. */
function copyingWriter(call: Call): WriteChunks {
  let pending: Buffer[] = [];
  let missing = 0;
  return (chunks, done) => {
    const [first] = chunks;
    if (pending.length === 0 && first !== undefined) missing = prefixBytes + first.readUInt32BE(1);
    pending.push(...chunks);
    for (const chunk of chunks) missing -= chunk.length;
    if (missing > 0) {
      if (done !== undefined) setImmediate(done);
      return;
    }
    const message = Buffer.concat(pending).subarray(prefixBytes);
    pending = [];
    call.write(message, done);
  };
}
