// A page of a list, as the API server sends it if it is asked for protobuf. Entry: readList.
// @see https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
import { Buffer } from 'node:buffer';
import type { StoredObject } from '../../../objects/objects.ts';
import { ByteReader } from './byte-reader.ts';
import { always, anyText, integer, many, one, text } from './fields.ts';
import { readers } from './kinds.ts';
import { message, type ReadMessage } from './message.ts';

/** Has precedence over JSON, in which kinds come that are defined in a cluster. */
export const protobufType = 'application/vnd.kubernetes.protobuf';

export interface ReadList {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly StoredObject[];
}

const magic = Buffer.from('k8s\0');

export function isProtobuf(body: Buffer): boolean {
  return body.subarray(0, magic.length).equals(magic);
}

/** Others have to be asked for as JSON: Secrets, of which there are few. */
export function isRead(kind: string): boolean {
  return Object.hasOwn(readers, kind);
}

/** @throws Error if it is none, or of a kind that is not read from protobuf */
export function readList(kind: string, body: Buffer): ReadList {
  const { raw } = envelope(new ByteReader(body, magic.length), body.length);
  const read = lists.get(kind);
  if (read === undefined) throw new Error(`the API server sent ${kind} as protobuf, not as JSON`);
  return read(new ByteReader(raw), raw.length);
}

export interface ReadStatus {
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
}

/** What the API server says when it refuses a request that asked for protobuf. @throws Error if it is none */
export function readStatus(body: Buffer): ReadStatus {
  const { raw } = envelope(new ByteReader(body, magic.length), body.length);
  return status(new ByteReader(raw), raw.length);
}

const bytes: ReadMessage<Buffer> = (reader, end) => {
  const { at } = reader;
  reader.at = end;
  return reader.bytes.subarray(at, end);
};

/** k8s.io/apimachinery/pkg/runtime.Unknown */
const envelope = message<{ readonly raw: Buffer }>({ raw: one(2, bytes) });

/** k8s.io/apimachinery/pkg/apis/meta/v1.Status */
const status = message<ReadStatus>({ message: text(3), reason: text(4), code: integer(6) });

const metadata = one(1, message<ReadList['metadata']>({ resourceVersion: anyText(2), continue: text(3) }));

const lists = new Map(
  Object.entries(readers).map(([kind, item]: [string, ReadMessage<StoredObject>]) => [
    kind,
    message<ReadList>({ metadata, items: always(many(2, item)) }),
  ]),
);
