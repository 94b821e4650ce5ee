// Protobuf's scalar types: how each is checked, written and read. Wire types as the encoding guide has them.
// @see https://protobuf.dev/programming-guides/encoding/
import type { Reader, Writer } from 'protobufjs/minimal.js';
import type { ScalarType } from './descriptor.ts';
import { describeValue, MessageError } from './message-error.ts';

export type Scalar = string | number | boolean;

export interface ScalarCodec {
  readonly wireType: 0 | 1 | 2 | 5;
  readonly zero: Scalar;
  /** @throws MessageError when the value is not of this type. */
  readonly check: (value: unknown) => void;
  /** Writes a value that passed `check`. */
  readonly write: (writer: Writer, value: never) => void;
  readonly read: (reader: Reader) => Scalar;
}

const int32 = integer(-(2 ** 31), 2 ** 31 - 1);
const uint32 = integer(0, 2 ** 32 - 1);
const int64 = integer64(-(2n ** 63n), 2n ** 63n - 1n);
const uint64 = integer64(0n, 2n ** 64n - 1n);

function integer(min: number, max: number): (value: unknown) => void {
  return (value) => {
    if (typeof value !== 'number' || !Number.isInteger(value)) {
      throw new MessageError(`expected an integer, got ${describeValue(value)}`);
    }
    if (value < min || value > max) {
      throw new MessageError(`${value} is not between ${min} and ${max}`);
    }
  };
}

function integer64(min: bigint, max: bigint): (value: unknown) => void {
  return (value) => {
    if (!isInteger64(value)) {
      throw new MessageError(`expected an integer, or its digits as a string, got ${describeValue(value)}`);
    }
    const number = BigInt(value);
    if (number < min || number > max) throw new MessageError(`${number} is not between ${min} and ${max}`);
  };
}

function isInteger64(value: unknown): value is Integer64 {
  return typeof value === 'number'
    ? Number.isSafeInteger(value)
    : typeof value === 'string' && /^-?\d{1,20}$/.test(value);
}

function ofType(type: 'string' | 'number' | 'boolean', what: string): (value: unknown) => void {
  return (value) => {
    // oxlint-disable-next-line typescript/no-unnecessary-type-conversion -- compared by name on purpose
    if (typeof value !== type) throw new MessageError(`expected ${what}, got ${describeValue(value)}`);
  };
}

function checkBase64(value: unknown): void {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) {
    throw new MessageError(`expected bytes as a base64 string, got ${describeValue(value)}`);
  }
}

const isString = ofType('string', 'a string');

/** Half of a surrogate pair has no bytes in UTF-8: the peer would refuse to read the whole message. */
function checkString(value: unknown): void {
  isString(value);
  if (!(value as string).isWellFormed()) {
    throw new MessageError(`expected a string of whole Unicode characters, got ${describeValue(value)}`);
  }
}

/** A 64-bit integer as a number where that is exact, else as its digits. */
function toInteger(value: number | { toString: () => string }): Scalar {
  const number = Number(value.toString());
  return Number.isSafeInteger(number) ? number : value.toString();
}

type Integer64 = number | string;

/** Every scalar type of protobuf 3. */
export const scalars: Readonly<Record<ScalarType, ScalarCodec>> = {
  string: {
    wireType: 2,
    zero: '',
    check: checkString,
    write: (writer, value: string) => void writer.string(value),
    read: (reader) => reader.string(),
  },
  bytes: {
    wireType: 2,
    zero: '',
    check: checkBase64,
    write: (writer, value: string) => void writer.bytes(Buffer.from(value, 'base64')),
    read: (reader) => Buffer.from(reader.bytes()).toString('base64'),
  },
  bool: {
    wireType: 0,
    zero: false,
    check: ofType('boolean', 'true or false'),
    write: (writer, value: boolean) => void writer.bool(value),
    read: (reader) => reader.bool(),
  },
  int32: {
    wireType: 0,
    zero: 0,
    check: int32,
    write: (writer, value: number) => void writer.int32(value),
    read: (reader) => reader.int32(),
  },
  uint32: {
    wireType: 0,
    zero: 0,
    check: uint32,
    write: (writer, value: number) => void writer.uint32(value),
    read: (reader) => reader.uint32(),
  },
  sint32: {
    wireType: 0,
    zero: 0,
    check: int32,
    write: (writer, value: number) => void writer.sint32(value),
    read: (reader) => reader.sint32(),
  },
  fixed32: {
    wireType: 5,
    zero: 0,
    check: uint32,
    write: (writer, value: number) => void writer.fixed32(value),
    read: (reader) => reader.fixed32(),
  },
  sfixed32: {
    wireType: 5,
    zero: 0,
    check: int32,
    write: (writer, value: number) => void writer.sfixed32(value),
    read: (reader) => reader.sfixed32(),
  },
  int64: {
    wireType: 0,
    zero: 0,
    check: int64,
    write: (writer, value: Integer64) => void writer.int64(value),
    read: (reader) => toInteger(reader.int64()),
  },
  uint64: {
    wireType: 0,
    zero: 0,
    check: uint64,
    write: (writer, value: Integer64) => void writer.uint64(value),
    read: (reader) => toInteger(reader.uint64()),
  },
  sint64: {
    wireType: 0,
    zero: 0,
    check: int64,
    write: (writer, value: Integer64) => void writer.sint64(value),
    read: (reader) => toInteger(reader.sint64()),
  },
  fixed64: {
    wireType: 1,
    zero: 0,
    check: uint64,
    write: (writer, value: Integer64) => void writer.fixed64(value),
    read: (reader) => toInteger(reader.fixed64()),
  },
  sfixed64: {
    wireType: 1,
    zero: 0,
    check: int64,
    write: (writer, value: Integer64) => void writer.sfixed64(value),
    read: (reader) => toInteger(reader.sfixed64()),
  },
  float: {
    wireType: 5,
    zero: 0,
    check: ofType('number', 'a number'),
    write: (writer, value: number) => void writer.float(value),
    read: (reader) => reader.float(),
  },
  double: {
    wireType: 1,
    zero: 0,
    check: ofType('number', 'a number'),
    write: (writer, value: number) => void writer.double(value),
    read: (reader) => reader.double(),
  },
};
