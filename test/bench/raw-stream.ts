// One HTTP/2 connection with one gRPC stream, by hand: so cheap that the server is what is measured. Knows nothing of
// discovery. Only what a well-behaved gRPC server needs of a client.
// @see https://www.rfc-editor.org/rfc/rfc9113
import { connect as connectPlain, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

const type = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 } as const;
const flag = { ack: 1, endStream: 1, endHeaders: 4 } as const;
const headBytes = 9;
const grpcPrefixBytes = 5;
const maxFrame = 16_384;
/** What a peer may send before it is told more, by the standard. */
const firstWindow = 65_535;
/** What we allow: never a limit. The stream's by the settings, the connection's by an update. */
const ourWindow = 0x7fff_ffff;
const setting = { initialWindow: 4 } as const;

export interface RawStreamOptions {
  readonly port: number;
  readonly path: string;
  /** null: plaintext. */
  readonly tls: ConnectionOptions | null;
  /** The stream's data between `start` and `end`, which is overwritten once this has returned. */
  readonly onData: (bytes: Buffer, start: number, end: number) => void;
  /** The server, or the network, has ended the stream. */
  readonly onLost: () => void;
}

/** Frames, each as it goes over the wire: made once, sent on many streams. */
export type Framed = readonly Buffer[];

/** One gRPC message. */
export function framed(message: Uint8Array): Framed {
  const bytes = Buffer.allocUnsafe(grpcPrefixBytes + message.length);
  bytes.writeUInt8(0, 0);
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, grpcPrefixBytes);
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += maxFrame) {
    const part = bytes.subarray(at, at + maxFrame);
    frames.push(Buffer.concat([head(part.length, type.data, 0, 1), part]));
  }
  return frames;
}

/** All streams read into the same memory, one after the other. */
const received = Buffer.allocUnsafeSlow(256 * 1024);

export class RawStream {
  private readonly socket: Socket;
  private readonly options: RawStreamOptions;
  /** The beginning of a frame. */
  private unread: Buffer | null = null;
  /** Of a frame with data: what is still to come. */
  private dataLeft = 0;
  private waiting: Buffer[] = [];
  private streamWindow = firstWindow;
  private connectionWindow = firstWindow;
  private peerWindow = firstWindow;
  private isOver = false;

  constructor(options: RawStreamOptions) {
    this.options = options;
    const { port, path, tls } = options;
    const onread: OnReadOpts = {
      buffer: received,
      callback: (length) => {
        this.onBytes(length);
        return true;
      },
    };
    const at = { host: '127.0.0.1', port, onread };
    this.socket = tls === null ? connectPlain(at) : connectTls({ ...tls, ...at, ALPNProtocols: ['h2'] });
    this.socket.setNoDelay(true);
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => this.lose());
    this.socket.write(opening(path));
  }

  send(frames: Framed): void {
    this.waiting.push(...frames);
    this.flush();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  destroy(): void {
    this.isOver = true;
    this.socket.destroy();
  }

  private lose(): void {
    if (!this.isOver) this.options.onLost();
    this.isOver = true;
  }

  /** As much as the server allows, in one write. */
  private flush(): void {
    let ready = 0;
    for (const frame of this.waiting) {
      const length = frame.length - headBytes;
      if (length > Math.min(this.streamWindow, this.connectionWindow)) break;
      this.streamWindow -= length;
      this.connectionWindow -= length;
      ready += 1;
    }
    if (ready === 0) return;
    if (ready > 1) this.socket.cork();
    for (const frame of this.waiting.slice(0, ready)) this.socket.write(frame);
    if (ready > 1) this.socket.uncork();
    this.waiting = this.waiting.slice(ready);
  }

  /** So many bytes are in the common memory. */
  private onBytes(length: number): void {
    let [bytes, end] = [received, length];
    if (this.unread !== null) {
      bytes = Buffer.concat([this.unread, received.subarray(0, length)]);
      end = bytes.length;
      this.unread = null;
    }
    let at = 0;
    while (at < end) {
      const next = this.dataLeft > 0 ? this.onData(bytes, at, end) : this.onHead(bytes, at, end);
      if (next === at) {
        this.unread = Buffer.from(bytes.subarray(at, end));
        return;
      }
      at = next;
    }
  }

  /** Data need not come in whole frames. Returns where it ends. */
  private onData(bytes: Buffer, at: number, end: number): number {
    const until = Math.min(end, at + this.dataLeft);
    this.dataLeft -= until - at;
    this.options.onData(bytes, at, until);
    return until;
  }

  /** The head of a frame, with its content if that is not data. Returns where it ends; `at`: there is more to come. */
  private onHead(bytes: Buffer, at: number, end: number): number {
    if (end - at < headBytes) return at;
    const length = bytes.readUIntBE(at, 3);
    const kind = bytes.readUInt8(at + 3);
    const content = at + headBytes;
    if (kind === type.data) {
      this.dataLeft = length;
      return content;
    }
    if (end < content + length) return at;
    const payload = bytes.subarray(content, content + length);
    this.onFrame(kind, bytes.readUInt8(at + 4), bytes.readUInt32BE(at + 5), payload);
    return content + length;
  }

  private onFrame(kind: number, flags: number, stream: number, payload: Buffer): void {
    if (kind === type.settings && (flags & flag.ack) === 0) {
      this.onSettings(payload);
      this.socket.write(head(0, type.settings, flag.ack, 0));
    } else if (kind === type.ping && (flags & flag.ack) === 0) {
      this.socket.write(Buffer.concat([head(8, type.ping, flag.ack, 0), payload]));
    } else if (kind === type.windowUpdate) {
      const more = payload.readUInt32BE(0);
      if (stream === 0) this.connectionWindow += more;
      else this.streamWindow += more;
      this.flush();
    } else if (kind === type.reset || (kind === type.headers && (flags & flag.endStream) !== 0)) {
      this.lose();
    }
  }

  private onSettings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) !== setting.initialWindow) continue;
      const window = payload.readUInt32BE(at + 2);
      this.streamWindow += window - this.peerWindow;
      this.peerWindow = window;
    }
    this.flush();
  }
}

function head(length: number, kind: number, flags: number, stream: number): Buffer {
  const bytes = Buffer.alloc(headBytes);
  bytes.writeUIntBE(length, 0, 3);
  bytes.writeUInt8(kind, 3);
  bytes.writeUInt8(flags, 4);
  bytes.writeUInt32BE(stream, 5);
  return bytes;
}

function opening(path: string): Buffer {
  const settings = Buffer.alloc(6);
  settings.writeUInt16BE(setting.initialWindow, 0);
  settings.writeUInt32BE(ourWindow, 2);
  const more = Buffer.alloc(4);
  more.writeUInt32BE(ourWindow - firstWindow, 0);
  const headers = Buffer.concat(
    Object.entries({
      ':method': 'POST',
      ':scheme': 'http',
      ':path': path,
      ':authority': 'bench',
      'content-type': 'application/grpc',
      te: 'trailers',
    }).flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]),
  );
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    head(settings.length, type.settings, 0, 0),
    settings,
    head(more.length, type.windowUpdate, 0, 0),
    more,
    head(headers.length, type.headers, flag.endHeaders, 1),
    headers,
  ]);
}

/** A string of HPACK, neither indexed nor compressed; shorter than 127 bytes. */
function literal(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
}
