// Reads a delta request by hand: there is one for each response to each proxy, and its lists may hold a name for every service of a
// mesh. Pure, but for the memory of names.ts.
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
import { initialVersionsTag, InitialVersionsReader } from './initial-resource-versions.ts';
import { checkNames } from './limits.ts';
import { NamesReader, subscribeTag } from './names.ts';
import type { DeltaRequest } from './requests.ts';

/** Of DeltaDiscoveryRequest. */
const tags = {
  node: tagOf(1),
  typeUrl: tagOf(2),
  subscribe: subscribeTag,
  unsubscribe: tagOf(4),
  initialVersions: initialVersionsTag,
  nonce: tagOf(6),
  error: tagOf(7),
} as const;

/** Requests with the same long list of names share the list. @throws MessageError when the bytes are not such a request. */
export function readDeltaRequest(bytes: Uint8Array): DeltaRequest {
  return reading('DeltaDiscoveryRequest', () => read(protobuf.Reader.create(bytes), bytes));
}

function read(reader: protobuf.Reader, bytes: Uint8Array): DeltaRequest {
  const names = new NamesReader();
  const unsubscribe: string[] = [];
  const kept = new InitialVersionsReader();
  let [typeUrl, nonce] = ['', ''];
  let nodeId: string | null = null;
  let error: ErrorDetail | null = null;
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    if (tag === tags.subscribe) names.readRun(reader, bytes, start);
    else if (tag === tags.initialVersions) kept.readRun(reader, bytes);
    else if (tag === tags.typeUrl) typeUrl = readText(reader);
    else if (tag === tags.nonce) nonce = readText(reader);
    else if (tag === tags.unsubscribe) checkNames(unsubscribe.push(readName(reader)));
    else if (tag === tags.node) nodeId = readNodeId(reader, nodeId);
    else if (tag === tags.error) error = readError(reader, error);
    else skip(reader, tag);
  }
  return {
    nodeId,
    typeUrl,
    nonce,
    error,
    subscribe: names.names(),
    unsubscribe,
    initialVersions: kept.kept(),
  };
}
