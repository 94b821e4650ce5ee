// A response as the gRPC frame that goes on the wire, put together from bytes that are encoded once. What many streams get
// alike is one buffer for all of them; only a few bytes around it are a stream's own.
import { encodeDeltaResource, encodeDeltaTail, encodeResponse } from '../wire/responses.ts';
import type { Send } from '../session/events.ts';
import type { Session } from '../session/state.ts';
import { versionOf } from '../session/versions.ts';
import type { Entry } from '../snapshot/types.ts';
import { partsOf } from '../session/stack-entries.ts';

export interface Frame {
  /** To be written one after the other. The first starts with the prefix of the gRPC message. */
  readonly chunks: readonly Buffer[];
  /** Of all chunks together. */
  readonly bytes: number;
}

/** A byte that says "not compressed" and four for the length. */
export const prefixBytes = 5;

/** A list shorter than this is copied into the stream's own chunk: another write would cost more. */
const ownBytes = 16 * 1024;

interface Made {
  readonly send: Send;
  readonly variant: Session['variant'];
  readonly controlPlane: string | null;
  readonly frame: Frame;
}

/** The last frame made of a list, which streams alike share: mostly they use the same nonces, too. */
const madeOf = new WeakMap<readonly Entry[], Made>();

/** `controlPlane`: null where the stream has been told. */
export function frameOf(send: Send, variant: Session['variant'], controlPlane: string | null): Frame {
  const known = madeOf.get(send.resources);
  const isSame =
    known?.variant === variant && known.controlPlane === controlPlane && isSameSend(known.send, send);
  if (isSame) return known.frame;
  const frame = makeFrame(send, variant, controlPlane);
  madeOf.set(send.resources, { send, variant, controlPlane, frame });
  return frame;
}

/** Of the same list. */
function isSameSend(a: Send, b: Send): boolean {
  const isBare = a.removed.length === 0 && b.removed.length === 0;
  return a.nonce === b.nonce && a.typeUrl === b.typeUrl && (isBare || a.removed === b.removed);
}

function makeFrame(send: Send, variant: Session['variant'], controlPlane: string | null): Frame {
  const identifier = controlPlane === null ? {} : { controlPlane };
  const { typeUrl, nonce, removed, resources } = send;
  if (variant === 'delta') {
    return join([...bodyOf(resources), encodeDeltaTail({ typeUrl, nonce, removed, ...identifier })]);
  }
  const anys = resources.map((entry) => entry.any);
  return join([encodeResponse({ versionInfo: versionOf(resources), typeUrl, nonce, anys, ...identifier })]);
}

function bodyOf(resources: readonly Entry[]): readonly Buffer[] {
  const parts = partsOf(resources);
  return parts === undefined ? resources.map(fieldOf) : parts.map(fieldsOf);
}

const fields = new WeakMap<Entry, Buffer>();

function fieldOf(entry: Entry): Buffer {
  let field = fields.get(entry);
  if (field === undefined) fields.set(entry, (field = encodeDeltaResource(entry)));
  return field;
}

const lists = new WeakMap<readonly Entry[], Buffer>();

function fieldsOf(entries: readonly Entry[]): Buffer {
  const known = lists.get(entries);
  if (known !== undefined) return known;
  // Not by way of each entry's own field: most entries are never sent alone.
  const bytes = Buffer.concat(entries.map(encodeDeltaResource));
  // What is short is one proxy's own most likely, and would be kept for as long as that proxy lives.
  if (bytes.length >= ownBytes) lists.set(entries, bytes);
  return bytes;
}

/** Large pieces as they are, all that lies between them in one chunk each. */
function join(pieces: readonly Buffer[]): Frame {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(length, 1);
  const chunks: Buffer[] = [];
  let small: Buffer[] = [prefix];
  for (const piece of pieces) {
    if (piece.length < ownBytes) small.push(piece);
    else {
      if (small.length > 0) chunks.push(Buffer.concat(small));
      chunks.push(piece);
      small = [];
    }
  }
  if (small.length > 0) chunks.push(Buffer.concat(small));
  return { chunks, bytes: prefixBytes + length };
}
