// Who asks, before anything else of the first request of a stream is read. Pure.
import protobuf from 'protobufjs/minimal.js';
import { reading, readNodeId, skip, tagOf } from './fields.ts';

const nodeTags = { delta: tagOf(1), sotw: tagOf(2) } as const;

/** node.id; null if the request has no node. @throws MessageError when the bytes are no request, or the id is too long. */
export function readIdentity(bytes: Uint8Array, variant: 'delta' | 'sotw'): string | null {
  return reading('discovery request', () => {
    const reader = protobuf.Reader.create(bytes);
    let id: string | null = null;
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === nodeTags[variant]) id = readNodeId(reader, id);
      else skip(reader, tag);
    }
    return id;
  });
}
