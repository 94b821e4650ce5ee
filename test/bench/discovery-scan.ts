// Reads gRPC messages off the data of an HTTP/2 stream and scans delta responses without decoding or copying them: a client
// so cheap that the server is what is measured.

/** Of one DeltaDiscoveryResponse. */
export interface Scanned {
  readonly typeUrl: string;
  readonly nonce: string;
  /** Names of the resources, only if asked for. */
  readonly names: readonly string[];
  /** Of the same resources, in the same order. */
  readonly versions: readonly string[];
  readonly count: number;
  readonly bytes: number;
}

const prefixBytes = 5;

/** Bytes in the pieces in which they came. */
export class Pieces {
  private readonly pieces: Buffer[] = [];
  length = 0;

  push(piece: Buffer): void {
    this.pieces.push(piece);
    this.length += piece.length;
  }

  /** Takes the first bytes away. */
  take(length: number): Pieces {
    const taken = new Pieces();
    while (taken.length < length) {
      const [first] = this.pieces;
      if (first === undefined) break;
      const part = first.subarray(0, length - taken.length);
      taken.push(part);
      if (part.length === first.length) this.pieces.shift();
      else this.pieces[0] = first.subarray(part.length);
    }
    this.length -= taken.length;
    return taken;
  }

  joined(): Buffer {
    const [only] = this.pieces;
    return this.pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.pieces);
  }

  all(): readonly Buffer[] {
    return this.pieces;
  }
}

/** Collects data until whole messages are there. */
export class Frames {
  private readonly data = new Pieces();
  /** Of the message that comes; null: its prefix is not there yet. */
  private length: number | null = null;

  push(piece: Buffer): readonly Pieces[] {
    this.data.push(piece);
    const messages: Pieces[] = [];
    for (;;) {
      if (this.length === null && this.data.length >= prefixBytes)
        this.length = this.data.take(prefixBytes).joined().readUInt32BE(1);
      if (this.length === null || this.data.length < this.length) return messages;
      messages.push(this.data.take(this.length));
      this.length = null;
    }
  }
}

export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(prefixBytes + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, prefixBytes);
  return framed;
}

// DeltaDiscoveryResponse: resources = 2, type_url = 4, nonce = 5. Resource: version = 1, name = 3.
const field = { resources: 2, typeUrl: 4, nonce: 5, version: 1, name: 3 } as const;

export function scan(message: Pieces, withNames: boolean): Scanned {
  const cursor = new Cursor(message.all());
  let typeUrl = '';
  let nonce = '';
  let count = 0;
  const names: string[] = [];
  const versions: string[] = [];
  while (!cursor.isAtEnd()) {
    const number = cursor.varint() >>> 3;
    const length = cursor.varint();
    if (number === field.resources) {
      count += 1;
      if (withNames) readResource(cursor.bytes(length), names, versions);
      else cursor.skip(length);
    } else if (number === field.typeUrl) typeUrl = cursor.bytes(length).toString();
    else if (number === field.nonce) nonce = cursor.bytes(length).toString();
    else cursor.skip(length);
  }
  return { typeUrl, nonce, names, versions, count, bytes: message.length + prefixBytes };
}

function readResource(resource: Buffer, names: string[], versions: string[]): void {
  const cursor = new Cursor([resource]);
  while (!cursor.isAtEnd()) {
    const number = cursor.varint() >>> 3;
    const length = cursor.varint();
    if (number === field.name) names.push(cursor.bytes(length).toString());
    else if (number === field.version) versions.push(cursor.bytes(length).toString('latin1'));
    else cursor.skip(length);
  }
}

/** Reads fields, all of them length-delimited, over the bounds of pieces. */
class Cursor {
  private readonly pieces: readonly Buffer[];
  private index = 0;
  private at = 0;

  constructor(pieces: readonly Buffer[]) {
    this.pieces = pieces;
  }

  isAtEnd(): boolean {
    for (;;) {
      const piece = this.pieces[this.index];
      if (piece === undefined) return true;
      if (this.at < piece.length) return false;
      this.index += 1;
      this.at = 0;
    }
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; !this.isAtEnd(); shift += 7) {
      const byte = this.pieces[this.index]?.[this.at] ?? 0;
      this.at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  }

  skip(length: number): void {
    let left = length;
    while (left > 0 && !this.isAtEnd()) {
      const step = Math.min(left, (this.pieces[this.index]?.length ?? 0) - this.at);
      this.at += step;
      left -= step;
    }
  }

  bytes(length: number): Buffer {
    const piece = this.pieces[this.index];
    if (piece !== undefined && this.at + length <= piece.length) {
      this.at += length;
      return piece.subarray(this.at - length, this.at);
    }
    const copy = Buffer.alloc(length);
    for (let filled = 0; filled < length && !this.isAtEnd();) {
      const rest = this.pieces[this.index]?.subarray(this.at) ?? copy;
      const taken = rest.copy(copy, filled);
      filled += taken;
      this.at += taken;
    }
    return copy;
  }
}
