// Reads delta responses as they arrive, piece by piece, and keeps nothing of them but what is asked for: a client so cheap
// that the server is what is measured. A piece may be overwritten once `push` has returned.

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
  /** Of `bytes`: what the resources took, with name and version. */
  readonly resourceBytes: number;
}

export interface ScanOptions {
  /** Asked at the beginning of each message, with its length. */
  readonly wantsNames: (bytes: number) => boolean;
  readonly onMessage: (scanned: Scanned) => void;
}

/** Of gRPC: a byte that says "not compressed", and the length. */
const prefixBytes = 5;

// DeltaDiscoveryResponse: resources = 2, type_url = 4, nonce = 5. Resource: version = 1, name = 3.
const field = { resources: 2, typeUrl: 4, nonce: 5, version: 1, name: 3 } as const;

interface Message {
  typeUrl: string;
  nonce: string;
  readonly names: string[];
  readonly versions: string[];
  count: number;
  resourceBytes: number;
  readonly bytes: number;
}

export class DiscoveryScan {
  private readonly options: ScanOptions;
  /** What the next byte belongs to, unless a field's content is being skipped or collected. */
  private part: 'prefix' | 'tag' | 'length' = 'prefix';
  /** The number that is being read, and how much of it is there: bytes of the prefix, or the weight of a varint's next byte. */
  private number = 0;
  private prefixRead = 0;
  private weight = 1;
  private fieldNumber = 0;
  /** Of the message: what is still to come. */
  private left = 0;
  private message: Message = emptyMessage(0);
  private withNames = false;
  /** Of a field nobody asks for: what is still to come. */
  private toSkip = 0;
  /** A field that came in more than one piece; null: none. */
  private partial: Buffer | null = null;
  private partialFilled = 0;

  constructor(options: ScanOptions) {
    this.options = options;
  }

  push(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const step = this.content(bytes, at, end);
      if (step > 0) this.advance(step);
      else this.byte(bytes[at] ?? 0);
      at += Math.max(step, 1);
    }
  }

  /** Takes what belongs to the content of a field; 0: nothing does. */
  private content(bytes: Buffer, at: number, end: number): number {
    if (this.toSkip > 0) {
      const step = Math.min(this.toSkip, end - at);
      this.toSkip -= step;
      return step;
    }
    if (this.partial === null) return 0;
    const step = Math.min(this.partial.length - this.partialFilled, end - at);
    bytes.copy(this.partial, this.partialFilled, at, at + step);
    this.partialFilled += step;
    if (this.partialFilled === this.partial.length) {
      this.take(this.partial);
      this.partial = null;
    }
    return step;
  }

  private byte(value: number): void {
    if (this.part === 'prefix') {
      // The first byte is 0, or else the length would be beyond all bounds.
      this.number = this.number * 256 + value;
      this.prefixRead += 1;
      if (this.prefixRead === prefixBytes) this.begin(this.number);
      return;
    }
    this.number += (value & 0x7f) * this.weight;
    this.weight *= 128;
    if (value < 0x80) this.varint(this.number);
    this.advance(1);
  }

  private begin(length: number): void {
    this.left = length;
    this.message = emptyMessage(length + prefixBytes);
    this.withNames = this.options.wantsNames(length);
    this.expect('tag');
    if (length === 0) this.advance(0);
  }

  private expect(part: 'prefix' | 'tag' | 'length'): void {
    this.part = part;
    this.number = 0;
    this.prefixRead = 0;
    this.weight = 1;
  }

  private varint(value: number): void {
    if (this.part === 'tag') {
      this.fieldNumber = Math.floor(value / 8);
      this.expect('length');
      return;
    }
    this.expect('tag');
    const isResource = this.fieldNumber === field.resources;
    if (isResource) {
      this.message.count += 1;
      this.message.resourceBytes += value;
    }
    const isWanted = isResource
      ? this.withNames
      : this.fieldNumber === field.typeUrl || this.fieldNumber === field.nonce;
    if (!isWanted) this.toSkip = value;
    else if (value > 0) {
      this.partial = Buffer.allocUnsafe(value);
      this.partialFilled = 0;
    }
  }

  private advance(bytes: number): void {
    this.left -= bytes;
    if (this.left > 0) return;
    this.expect('prefix');
    this.options.onMessage(this.message);
  }

  private take(value: Buffer): void {
    const { message, fieldNumber } = this;
    if (fieldNumber === field.typeUrl) message.typeUrl = value.toString('latin1');
    else if (fieldNumber === field.nonce) message.nonce = value.toString('latin1');
    else readResource(value, message.names, message.versions);
  }
}

function emptyMessage(bytes: number): Message {
  return { typeUrl: '', nonce: '', names: [], versions: [], count: 0, resourceBytes: 0, bytes };
}

/** All fields of a resource are length-delimited. */
function readResource(resource: Buffer, names: string[], versions: string[]): void {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let weight = 1; ; weight *= 128) {
      const byte = resource[at] ?? 0;
      at += 1;
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
    }
  };
  while (at < resource.length) {
    const number = Math.floor(varint() / 8);
    const length = varint();
    if (number === field.name) names.push(resource.toString('utf8', at, at + length));
    else if (number === field.version) versions.push(resource.toString('latin1', at, at + length));
    at += length;
  }
}
