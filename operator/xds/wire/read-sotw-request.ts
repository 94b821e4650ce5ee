// Reads a state-of-the-world request. Pure.
import protobuf from 'protobufjs/minimal.js';
import {
  reading,
  readError,
  readName,
  readNodeId,
  readText,
  skip,
  tagOf,
  type ErrorDetail,
} from './fields.ts';
import { checkNames } from './limits.ts';
import type { SotwRequest } from './requests.ts';

/** Of DiscoveryRequest. */
const tags = {
  versionInfo: tagOf(1),
  node: tagOf(2),
  names: tagOf(3),
  typeUrl: tagOf(4),
  nonce: tagOf(5),
  error: tagOf(6),
} as const;

/** @throws MessageError when the bytes are not such a request. */
export function readSotwRequest(bytes: Uint8Array): SotwRequest {
  return reading('DiscoveryRequest', () => read(protobuf.Reader.create(bytes)));
}

function read(reader: protobuf.Reader): SotwRequest {
  const names: string[] = [];
  let [versionInfo, typeUrl, nonce] = ['', '', ''];
  let nodeId: string | null = null;
  let error: ErrorDetail | null = null;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === tags.names) checkNames(names.push(readName(reader)));
    else if (tag === tags.versionInfo) versionInfo = readText(reader);
    else if (tag === tags.typeUrl) typeUrl = readText(reader);
    else if (tag === tags.nonce) nonce = readText(reader);
    else if (tag === tags.node) nodeId = readNodeId(reader, nodeId);
    else if (tag === tags.error) error = readError(reader, error);
    else skip(reader, tag);
  }
  return { nodeId, typeUrl, nonce, error, names, versionInfo };
}
