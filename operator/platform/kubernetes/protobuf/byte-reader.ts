// The wire format of protobuf, read from a Buffer without copying what is passed over. Entry: ByteReader.
import { createRecent } from './recent.ts';

/** @see https://protobuf.dev/programming-guides/encoding/#structure */
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Longer texts hardly ever come twice. */
const longestRemembered = 80;
/** Names, keys and values of labels, phases, types of conditions: of all objects together. */
const texts = createRecent(4096, (bytes, from, to, latin1) =>
  isAscii(latin1) ? latin1 : bytes.toString('utf8', from, to),
);

/** Reads [at, end) of the bytes. Numbers are exact up to 2^53. Every method throws if the bytes end too early. */
export class ByteReader {
  readonly bytes: Buffer;
  at: number;
  end: number;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  varint(): number {
    const first = this.bytes[this.at];
    if (first !== undefined && first < 0x80 && this.at < this.end) {
      this.at += 1;
      return first;
    }
    return this.#longVarint();
  }

  #longVarint(): number {
    let result = 0;
    let factor = 1;
    for (let count = 0; count < 10; count += 1) {
      const byte = this.#next();
      result += (byte & 0x7f) * factor;
      if (byte < 0x80) return result;
      factor *= 128;
    }
    throw new Error('a number of more than ten bytes');
  }

  /** Of an int32 or int64, which is written as 64 bits. */
  integer(): number {
    const { at } = this;
    const value = this.varint();
    return value <= Number.MAX_SAFE_INTEGER ? value : signed(this.bytes.subarray(at, this.at));
  }

  /** Steps over a length; returns where the bytes that it counts end. */
  enter(): number {
    const length = this.varint();
    const end = this.at + length;
    if (end > this.end) throw tooShort();
    return end;
  }

  /** Often the very string that was read before. */
  text(): string {
    const end = this.enter();
    const from = this.at;
    this.at = end;
    if (end === from) return '';
    return end - from > longestRemembered
      ? this.bytes.toString('utf8', from, end)
      : texts(this.bytes, from, end);
  }

  /** Steps over that tag if it comes next. */
  isNext(tag: number): boolean {
    const { at } = this;
    if (at < this.end && this.varint() === tag) return true;
    this.at = at;
    return false;
  }

  skip(tag: number): void {
    switch (tag & 7) {
      case wire.varint:
        this.varint();
        return;
      case wire.fixed64:
        this.#step(8);
        return;
      case wire.bytes:
        this.at = this.enter();
        return;
      case wire.fixed32:
        this.#step(4);
        return;
      default:
        throw new Error(`wire type ${tag & 7}`);
    }
  }

  #step(length: number): void {
    this.at += length;
    if (this.at > this.end) throw tooShort();
  }

  #next(): number {
    const byte = this.at < this.end ? this.bytes[this.at] : undefined;
    if (byte === undefined) throw tooShort();
    this.at += 1;
    return byte;
  }
}

/** Of the bytes of a varint. */
function signed(bytes: Buffer): number {
  const value = bytes.reduceRight((high, byte) => (high << 7n) | BigInt(byte & 0x7f), 0n);
  return Number(BigInt.asIntN(64, value));
}

function isAscii(latin1: string): boolean {
  for (let index = 0; index < latin1.length; index += 1) if (latin1.charCodeAt(index) > 0x7f) return false;
  return true;
}

function tooShort(): Error {
  return new Error('the bytes end in the middle of a field');
}
