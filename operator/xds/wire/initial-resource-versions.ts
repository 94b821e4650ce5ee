// The resources that a client says it kept from an earlier stream, with their versions (initial_resource_versions). After a
// restart of the operator every proxy sends thousands of them, each in an order of its own, and nearly always they are what it
// is to have: so they are not decoded, but summed up to a fingerprint that tells this whatever the order. Pure.
import protobuf from 'protobufjs/minimal.js';
import { MessageError } from '../../envoy/proto/message-error.ts';
import { reading, readName, skip, tagOf } from './fields.ts';
import { checkNames } from './limits.ts';

export interface InitialVersions {
  readonly isEmpty: boolean;
  /** Equal for the same names with the same versions; of others it differs, but for one case in 2^64. */
  readonly fingerprint: string;
  /** Name → version. Decoded at the first call. @throws MessageError when the bytes are damaged. */
  read(): ReadonlyMap<string, string>;
}

export const noInitialVersions: InitialVersions = { isEmpty: true, fingerprint: '', read: () => new Map() };

/** Of DeltaDiscoveryRequest. One byte long. */
export const initialVersionsTag = tagOf(5);
/** Of an entry of a map. */
const entryTags = { key: tagOf(1), value: tagOf(2) } as const;

/** As if a client had sent them. */
export function initialVersionsOf(versions: ReadonlyMap<string, string>): InitialVersions {
  if (versions.size === 0) return noInitialVersions;
  const sum = new VersionSum();
  for (const [name, version] of versions) sum.add(name, version);
  return { isEmpty: false, fingerprint: sum.fingerprint(), read: () => versions };
}

/** Takes the entries of one request, which mostly follow each other, but need not. */
export class InitialVersionsReader {
  private readonly runs: Uint8Array[] = [];
  private readonly sum = new VersionSum();
  private count = 0;

  /** Those that begin at `reader`, whose first tag is read; it is left behind the last one that follows. */
  readRun(reader: protobuf.Reader, bytes: Uint8Array): void {
    const from = reader.pos;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (;;) {
      checkNames((this.count += 1));
      const length = reader.uint32();
      const end = reader.pos + length;
      if (end > reader.len) throw new MessageError('the bytes end within initial_resource_versions');
      this.sum.addBytes(view, reader.pos, end);
      reader.pos = end;
      if (bytes[end] !== initialVersionsTag) break;
      reader.pos += 1;
    }
    this.runs.push(bytes.subarray(from, reader.pos));
  }

  kept(): InitialVersions {
    const { runs, sum } = this;
    if (runs.length === 0) return noInitialVersions;
    let versions: ReadonlyMap<string, string> | null = null;
    return { isEmpty: false, fingerprint: sum.fingerprint(), read: () => (versions ??= decode(runs)) };
  }
}

function decode(runs: readonly Uint8Array[]): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  reading('map of initial_resource_versions', () => {
    for (const run of runs) readRunInto(versions, protobuf.Reader.create(run));
  });
  return versions;
}

/** The first tag is not part of a run. */
function readRunInto(versions: Map<string, string>, reader: protobuf.Reader): void {
  while (reader.pos < reader.len) {
    readEntry(reader, versions);
    if (reader.pos < reader.len) reader.uint32();
  }
}

function readEntry(reader: protobuf.Reader, versions: Map<string, string>): void {
  const end = reader.uint32() + reader.pos;
  let name = '';
  let version = '';
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === entryTags.key) name = readName(reader);
    else if (tag === entryTags.value) version = readName(reader);
    else skip(reader, tag);
  }
  versions.set(name, version);
}

/** Adds up names with versions, in any order. */
export class VersionSum {
  private count = 0;
  private high = 0;
  private low = 0;

  add(name: string, version: string): void {
    const { key, value } = entryTags;
    const bytes = protobuf.Writer.create().uint32(key).string(name).uint32(value).string(version).finish();
    this.addBytes(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
  }

  /** An entry as it is encoded: key, then value. */
  addBytes(view: DataView, from: number, to: number): void {
    let high = to - from;
    let low = ~high;
    let at = from;
    for (; at + 4 <= to; at += 4) {
      const word = view.getUint32(at, true);
      high = Math.imul(high ^ word, 0xcc_9e_2d_51);
      high ^= high >>> 15;
      low = Math.imul(low + word, 0x1b_87_35_93);
      low ^= low >>> 13;
    }
    for (; at < to; at += 1) {
      const byte = view.getUint8(at);
      high = Math.imul(high ^ byte, 0xcc_9e_2d_51);
      low = Math.imul(low + byte, 0x1b_87_35_93);
    }
    this.count += 1;
    this.high = (this.high + mixed(high)) | 0;
    this.low = (this.low + mixed(low)) | 0;
  }

  addAll({ count, high, low }: VersionSum): void {
    this.count += count;
    this.high = (this.high + high) | 0;
    this.low = (this.low + low) | 0;
  }

  fingerprint(): string {
    return `${this.count} ${this.high} ${this.low}`;
  }
}

/** Every bit of the outcome depends on every bit. @see https://github.com/aappleby/smhasher/wiki/MurmurHash3 */
function mixed(hash: number): number {
  let mix = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b);
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2_b2_ae_35);
  return mix ^ (mix >>> 16);
}
