// Reads gRPC frames off an HTTP/2 stream and scans delta responses without decoding them: a client so cheap that
// the server is what is measured.

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

/** Collects chunks until whole messages are there. */
export class Frames {
  private chunks: Buffer[] = [];
  private size = 0;

  push(chunk: Buffer): Buffer[] {
    this.chunks.push(chunk);
    this.size += chunk.length;
    const messages: Buffer[] = [];
    for (;;) {
      if (this.size < 5) return messages;
      const header = this.peek(5);
      const length = header.readUInt32BE(1);
      if (this.size < 5 + length) return messages;
      const all = this.chunks.length === 1 ? (this.chunks[0] ?? header) : Buffer.concat(this.chunks);
      messages.push(all.subarray(5, 5 + length));
      const rest = all.subarray(5 + length);
      this.chunks = rest.length > 0 ? [rest] : [];
      this.size = rest.length;
    }
  }

  private peek(length: number): Buffer {
    const first = this.chunks[0];
    if (first !== undefined && first.length >= length) return first;
    const all = Buffer.concat(this.chunks);
    this.chunks = [all];
    return all;
  }
}

export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(5 + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, 5);
  return framed;
}

// DeltaDiscoveryResponse: resources = 2, type_url = 4, nonce = 5. Resource: version = 1, name = 3.
export function scan(message: Buffer, withNames: boolean): Scanned {
  let typeUrl = '';
  let nonce = '';
  let count = 0;
  const names: string[] = [];
  const versions: string[] = [];
  eachField(message, 0, message.length, (field, start, end) => {
    if (field === 2) {
      count += 1;
      if (withNames) {
        eachField(message, start, end, (inner, from, to) => {
          if (inner === 3) names.push(message.toString('utf8', from, to));
          if (inner === 1) versions.push(message.toString('latin1', from, to));
        });
      }
    } else if (field === 4) typeUrl = message.toString('utf8', start, end);
    else if (field === 5) nonce = message.toString('utf8', start, end);
  });
  return { typeUrl, nonce, names, versions, count, bytes: message.length + 5 };
}

function eachField(
  bytes: Buffer,
  from: number,
  to: number,
  visit: (field: number, start: number, end: number) => void,
): void {
  let at = from;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at] ?? 0;
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < to) {
    const tag = varint();
    const wire = tag & 7;
    if (wire === 2) {
      const length = varint();
      visit(tag >>> 3, at, at + length);
      at += length;
    } else if (wire === 0) varint();
    else at += wire === 1 ? 8 : 4;
  }
}
