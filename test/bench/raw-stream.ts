// One HTTP/2 connection with one gRPC stream, by hand: so cheap that the server is what is measured. Knows nothing of
// discovery. Only what a well-behaved gRPC server needs of a client.
// @see https://www.rfc-editor.org/rfc/rfc9113
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { Frames, frame, type Pieces } from './discovery-scan.ts';

const type = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 } as const;
const flag = { ack: 1, endHeaders: 4 } as const;
const headBytes = 9;
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
  readonly onMessage: (message: Pieces) => void;
}

export class RawStream {
  readonly socket: Socket;
  private readonly options: RawStreamOptions;
  private readonly grpc = new Frames();
  /** The beginning of a frame. */
  private unread: Buffer | null = null;
  /** Of a frame with data: what is still to come. */
  private dataLeft = 0;
  private readonly waiting: Buffer[] = [];
  private streamWindow = firstWindow;
  private connectionWindow = firstWindow;
  private peerWindow = firstWindow;

  constructor(options: RawStreamOptions) {
    this.options = options;
    const { port, path, tls } = options;
    const at = { host: '127.0.0.1', port };
    this.socket = tls === null ? connectPlain(at) : connectTls({ ...tls, ...at, ALPNProtocols: ['h2'] });
    this.socket.setNoDelay(true);
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk: Buffer) => this.onBytes(chunk));
    this.socket.write(opening(path));
  }

  /** One gRPC message. */
  send(message: Uint8Array): void {
    this.waiting.push(frame(message));
    this.flush();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** As much as the server allows, in one write. */
  private flush(): void {
    const out: Buffer[] = [];
    for (;;) {
      const [next] = this.waiting;
      const room = Math.min(this.streamWindow, this.connectionWindow, maxFrame);
      if (next === undefined || room <= 0) break;
      const part = next.subarray(0, room);
      if (part.length === next.length) this.waiting.shift();
      else this.waiting[0] = next.subarray(part.length);
      this.streamWindow -= part.length;
      this.connectionWindow -= part.length;
      out.push(head(part.length, type.data, 0, 1), part);
    }
    if (out.length > 0) this.socket.write(Buffer.concat(out));
  }

  private onBytes(chunk: Buffer): void {
    let bytes = this.unread === null ? chunk : Buffer.concat([this.unread, chunk]);
    this.unread = null;
    while (bytes.length > 0) {
      if (this.dataLeft > 0) {
        // Data need not come in whole frames.
        const data = bytes.subarray(0, this.dataLeft);
        this.dataLeft -= data.length;
        bytes = bytes.subarray(data.length);
        for (const message of this.grpc.push(data)) this.options.onMessage(message);
        continue;
      }
      const length = bytes.length < headBytes ? 0 : bytes.readUIntBE(0, 3);
      const isData = bytes.length >= headBytes && bytes.readUInt8(3) === type.data;
      const end = headBytes + (isData ? 0 : length);
      if (bytes.length < end) {
        this.unread = bytes;
        return;
      }
      if (isData) this.dataLeft = length;
      else
        this.onFrame(
          bytes.readUInt8(3),
          bytes.readUInt8(4),
          bytes.readUInt32BE(5),
          bytes.subarray(headBytes, end),
        );
      bytes = bytes.subarray(end);
    }
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
