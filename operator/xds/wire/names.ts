// The names that a delta request subscribes to. Thousands of proxies ask with the same long list: it is decoded once, and all of
// them share it. Pure, but for that memory, which is bounded.
import protobuf from 'protobufjs/minimal.js';
import { readName, tagOf } from './fields.ts';
import { checkNames } from './limits.ts';

/** Of DeltaDiscoveryRequest. */
export const subscribeTag = tagOf(3);
const lengthDelimited = 2;

/** Takes the names of one request, which mostly follow each other, but need not. */
export class NamesReader {
  private readonly runs: Uint8Array[] = [];
  private count = 0;

  /** Those that begin at `reader`, whose first tag is read, at `start`; it is left behind the last one that follows. */
  readRun(reader: protobuf.Reader, bytes: Uint8Array, start: number): void {
    for (;;) {
      checkNames((this.count += 1));
      reader.skipType(lengthDelimited);
      const { pos } = reader;
      if (pos >= reader.len || reader.uint32() !== subscribeTag) {
        reader.pos = pos;
        break;
      }
    }
    this.runs.push(bytes.subarray(start, reader.pos));
  }

  names(): readonly string[] {
    const [only] = this.runs;
    if (only === undefined) return [];
    return namesIn(this.runs.length === 1 ? only : Buffer.concat(this.runs));
  }
}

interface ReadNames {
  readonly bytes: Uint8Array;
  readonly names: readonly string[];
}

/** The latest lists, the last one first. */
const known: ReadNames[] = [];
const knownLists = 8;
/** Of encoded lists together. */
const knownBytes = 2 * 1024 * 1024;
/** A shorter list is not looked for among those of others. */
const shortBytes = 1024;

function namesIn(bytes: Uint8Array): readonly string[] {
  if (bytes.length < shortBytes || bytes.length > knownBytes) return decode(bytes);
  const index = known.findIndex((it) => Buffer.compare(it.bytes, bytes) === 0);
  // A copy: the request's own bytes are part of a larger buffer.
  const found = known[index] ?? { bytes: Uint8Array.from(bytes), names: decode(bytes) };
  if (index !== 0) {
    if (index > 0) known.splice(index, 1);
    known.unshift(found);
    forgetOldest();
  }
  return found.names;
}

function forgetOldest(): void {
  let total = 0;
  const kept = known.findIndex(
    ({ bytes }, index) => index === knownLists || (total += bytes.length) > knownBytes,
  );
  if (kept >= 0) known.length = kept;
}

function decode(bytes: Uint8Array): readonly string[] {
  const reader = protobuf.Reader.create(bytes);
  const names: string[] = [];
  while (reader.pos < reader.len) {
    reader.uint32();
    names.push(readName(reader));
  }
  return names;
}
