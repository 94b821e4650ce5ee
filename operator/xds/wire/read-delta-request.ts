// Reads a delta request by hand: there is one for each response to each proxy. Its lists may hold a name for every service
// of a mesh, and thousands of proxies ask with the same list (Envoy sorts its names): it is read once, and all of them share
// what was read. Pure, but for that memory.
import protobuf from 'protobufjs/minimal.js';
import {
  initialVersionsTag,
  InitialVersionsReader,
  noInitialVersions,
  type InitialVersions,
} from './initial-resource-versions.ts';
import { MessageError } from '../../envoy/proto/message-error.ts';

/** What stands in a DeltaDiscoveryRequest; `node` and `error` are still encoded. Null: not set. */
export interface RawDeltaRequest {
  typeUrl: string;
  nonce: string;
  subscribe: readonly string[];
  readonly unsubscribe: string[];
  initialVersions: InitialVersions;
  node: Uint8Array | null;
  error: Uint8Array | null;
}

const lengthDelimited = 2;
const tagOf = (field: number): number => (field << 3) | lengthDelimited;
const tags = {
  node: tagOf(1),
  typeUrl: tagOf(2),
  subscribe: tagOf(3),
  unsubscribe: tagOf(4),
  initialVersions: initialVersionsTag,
  nonce: tagOf(6),
  error: tagOf(7),
} as const;

/** A shorter list is not looked for among those of others. */
const longBytes = 1024;

/** @throws MessageError when the bytes are damaged. */
export function readDeltaRequest(bytes: Uint8Array): RawDeltaRequest {
  try {
    return read(protobuf.Reader.create(bytes), bytes);
  } catch (error) {
    if (error instanceof MessageError) throw error;
    throw new MessageError(`the bytes are not a DeltaDiscoveryRequest: ${String(error)}`);
  }
}

function read(reader: protobuf.Reader, bytes: Uint8Array): RawDeltaRequest {
  const request: RawDeltaRequest = {
    typeUrl: '',
    nonce: '',
    subscribe: [],
    unsubscribe: [],
    initialVersions: noInitialVersions,
    node: null,
    error: null,
  };
  const names: Uint8Array[] = [];
  let kept: InitialVersionsReader | null = null;
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    if (tag === tags.subscribe) {
      skipRun(reader);
      names.push(bytes.subarray(start, reader.pos));
    } else if (tag === tags.initialVersions) {
      (kept ??= new InitialVersionsReader()).readRun(reader, bytes);
    } else readField(tag, reader, request);
  }
  if (kept !== null) request.initialVersions = kept.kept();
  if (names.length > 0) request.subscribe = namesIn(joined(names));
  return request;
}

function readField(tag: number, reader: protobuf.Reader, request: RawDeltaRequest): void {
  switch (tag) {
    case tags.typeUrl:
      request.typeUrl = reader.string();
      return;
    case tags.nonce:
      request.nonce = reader.string();
      return;
    case tags.unsubscribe:
      request.unsubscribe.push(reader.string());
      return;
    case tags.node:
      // A message that comes in pieces is their concatenation, says protobuf.
      request.node = appended(request.node, reader.bytes());
      return;
    case tags.error:
      request.error = appended(request.error, reader.bytes());
      return;
    default:
      reader.skipType(tag & 7);
  }
}

function appended(before: Uint8Array | null, more: Uint8Array): Uint8Array {
  return before === null ? more : Buffer.concat([before, more]);
}

/** All names that follow each other, as one piece. The tag of the first one is read. */
function skipRun(reader: protobuf.Reader): void {
  for (;;) {
    reader.skipType(lengthDelimited);
    const { pos } = reader;
    if (pos >= reader.len || reader.uint32() !== tags.subscribe) {
      reader.pos = pos;
      return;
    }
  }
}

interface ReadNames {
  readonly bytes: Uint8Array;
  readonly names: readonly string[];
}

/** The last few lists, the latest first. */
const known: ReadNames[] = [];
const knownLists = 8;

function namesIn(bytes: Uint8Array): readonly string[] {
  if (bytes.length < longBytes) return readNames(bytes);
  const index = known.findIndex((it) => Buffer.compare(it.bytes, bytes) === 0);
  // A copy: the request's own bytes are part of a larger buffer.
  const found = known[index] ?? { bytes: Uint8Array.from(bytes), names: readNames(bytes) };
  if (index !== 0) {
    if (index > 0) known.splice(index, 1);
    known.unshift(found);
    known.length = Math.min(known.length, knownLists);
  }
  return found.names;
}

function readNames(bytes: Uint8Array): readonly string[] {
  const reader = protobuf.Reader.create(bytes);
  const names: string[] = [];
  while (reader.pos < reader.len) {
    reader.uint32();
    names.push(reader.string());
  }
  return names;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}
