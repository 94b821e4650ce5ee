// Reads the fields that requests of both variants have. Where a message comes in pieces, as protobuf allows, each piece is read as it
// comes: to put thousands of them together first would take time quadratic in their number.
import { isUtf8 } from 'node:buffer';
import type protobuf from 'protobufjs/minimal.js';
import { MessageError } from '../../envoy/proto/message-error.ts';
import { LimitError, mostNameBytes } from './limits.ts';

const lengthDelimited = 2;
const wireTypeMask = 7;

/** The tag of a length-delimited field. */
export function tagOf(field: number): number {
  return (field << 3) | lengthDelimited;
}

/** @throws MessageError that says what the bytes should be, whatever `read` throws. */
export function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof MessageError) throw error;
    throw new MessageError(`the bytes are not a ${what}: ${String(error)}`);
  }
}

export function skip(reader: protobuf.Reader, tag: number): void {
  reader.skipType(tag & wireTypeMask);
}

/** @throws MessageError when it is not UTF-8: two such texts could look the same. */
export function readText(reader: protobuf.Reader): string {
  const start = reader.pos;
  const text = reader.string();
  // Stands for what cannot be read, and may have been written as well.
  if (text.includes('\uFFFD')) {
    const end = reader.pos;
    reader.pos = start;
    const bytes = reader.bytes();
    reader.pos = end;
    if (!isUtf8(bytes)) throw new MessageError('a text is not valid UTF-8');
  }
  return text;
}

/** Of a resource. @throws LimitError when it is too long, MessageError when it is not UTF-8. */
export function readName(reader: protobuf.Reader): string {
  const { pos } = reader;
  if (reader.uint32() > mostNameBytes)
    throw new LimitError(
      `the name or version of a resource is longer than ${mostNameBytes} bytes: use a shorter one`,
    );
  reader.pos = pos;
  return readText(reader);
}

/** Of node.id, in bytes of UTF-8. What a workload's name, namespace and uid take at most is 600. */
export const mostNodeIdBytes = 1024;

const idOfNode = tagOf(1);

/** The id in a piece of envoy.config.core.v3.Node: it replaces that of an earlier piece. */
export function readNodeId(reader: protobuf.Reader, earlier: string | null): string {
  let id = earlier ?? '';
  readPiece(reader, (tag) => {
    if (tag === idOfNode) id = boundedId(reader);
    else skip(reader, tag);
  });
  return id;
}

function boundedId(reader: protobuf.Reader): string {
  const { pos } = reader;
  if (reader.uint32() > mostNodeIdBytes)
    throw new MessageError(`node.id is longer than ${mostNodeIdBytes} bytes`);
  reader.pos = pos;
  return readText(reader);
}

/** A client's refusal: a google.rpc.Status without its details. */
export interface ErrorDetail {
  readonly code: number;
  /** Cut in the middle where it is long. */
  readonly message: string;
}

/** Of google.rpc.Status; a code is a varint. */
const statusTags = { code: 1 << 3, message: tagOf(2) } as const;

/** A piece of google.rpc.Status. */
export function readError(reader: protobuf.Reader, earlier: ErrorDetail | null): ErrorDetail {
  let { code, message } = earlier ?? { code: 0, message: '' };
  readPiece(reader, (tag) => {
    if (tag === statusTags.code) code = reader.int32();
    else if (tag === statusTags.message) message = excerpt(reader.bytes());
    else skip(reader, tag);
  });
  return { code, message };
}

/** The first and the last bytes of a refusal: Envoy names the culprits at its beginning, or says at its end what is wrong. */
const kept = { first: 16 * 1024, last: 4 * 1024 } as const;

function excerpt(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (text.length <= kept.first + kept.last) return text.toString();
  return `${text.toString('utf8', 0, kept.first)} … ${text.toString('utf8', text.length - kept.last)}`;
}

function readPiece(reader: protobuf.Reader, readField: (tag: number) => void): void {
  const end = reader.uint32() + reader.pos;
  if (end > reader.len) throw new MessageError('the bytes end within a message');
  while (reader.pos < end) readField(reader.uint32());
  if (reader.pos !== end) throw new MessageError('a field ends outside of its message');
}
