// Writes frames to a gRPC call without a copy. grpc-js copies every message behind its prefix; below that, its parts are
// public enough to do without. Where they look different, in another release, its own way is taken: slower, but right.
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Http2Stream } from 'node:http2';
import { prefixBytes, type Frame } from './frames.ts';

export type Call = ServerDuplexStream<Buffer, Buffer>;

/** Calls `done` once the bytes have left the process, or never will. */
export type WriteFrame = (frame: Frame, done?: () => void) => void;

/** The BaseServerInterceptingCall of grpc-js 1.14, as far as it is used here. */
interface InnerCall {
  readonly stream: Http2Stream;
  maybeSendMetadata(): void;
  checkCancelled(): boolean;
}

export function frameWriter(call: Call): WriteFrame {
  const inner = innerCall(call);
  return inner === null ? (frame, done) => writeCopy(call, frame, done) : (frame, done) => write(inner, frame, done);
}

/** null if this release of grpc-js is built in another way. */
export function innerCall(call: object): InnerCall | null {
  const inner: unknown = Reflect.get(call, 'call');
  if (!isObject(inner)) return null;
  const stream = Reflect.get(inner, 'stream');
  const hasMethods = [inner['maybeSendMetadata'], inner['checkCancelled']].every((it) => typeof it === 'function');
  const isStream = isObject(stream) && typeof stream['write'] === 'function' && typeof stream['cork'] === 'function';
  return hasMethods && isStream ? (inner as unknown as InnerCall) : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function write(inner: InnerCall, { chunks }: Frame, done?: () => void): void {
  if (inner.checkCancelled()) {
    done?.();
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

function writeCopy(call: Call, { chunks }: Frame, done?: () => void): void {
  call.write(Buffer.concat(chunks).subarray(prefixBytes), done);
}
