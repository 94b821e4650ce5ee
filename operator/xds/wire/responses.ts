// Responses, put together from resources that are already encoded. Pure.
import protobuf from 'protobufjs/minimal.js';
import { tagOf } from './fields.ts';

/** A resource, encoded: `any` holds the bytes of a google.protobuf.Any. */
export interface EncodedResource {
  readonly name: string;
  readonly version: string;
  readonly any: Uint8Array;
}

export interface DeltaResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  /** For people who debug; clients do not read it. */
  readonly systemVersion: string;
  readonly resources: readonly EncodedResource[];
  readonly removed: readonly string[];
  /** Who answers, shown in the proxy's stats; left out when empty. */
  readonly controlPlane?: string;
}

export interface SotwResponse {
  readonly versionInfo: string;
  readonly typeUrl: string;
  readonly nonce: string;
  readonly anys: readonly Uint8Array[];
  readonly controlPlane?: string;
}

// Field numbers of discovery.proto, as tags of length-delimited fields.
const deltaResponse = {
  systemVersion: tagOf(1),
  resources: tagOf(2),
  typeUrl: tagOf(4),
  nonce: tagOf(5),
  removed: tagOf(6),
};
const resource = { version: tagOf(1), any: tagOf(2), name: tagOf(3) };
const sotwResponse = { versionInfo: tagOf(1), resources: tagOf(2), typeUrl: tagOf(4), nonce: tagOf(5) };
const controlPlane = { inDelta: tagOf(7), inSotw: tagOf(6), identifier: tagOf(1) };

/** A DeltaDiscoveryResponse; the resources' bytes are copied as they are. */
export function encodeDeltaResponse(response: DeltaResponse): Buffer {
  const { systemVersion, resources } = response;
  const writer = protobuf.Writer.create();
  writeText(writer, deltaResponse.systemVersion, systemVersion);
  return Buffer.concat([finish(writer), ...resources.map(encodeDeltaResource), encodeDeltaTail(response)]);
}

/** One resource as a field of a DeltaDiscoveryResponse: a message is its fields, one after the other. */
export function encodeDeltaResource({ name, version, any }: EncodedResource): Buffer {
  const writer = protobuf.Writer.create();
  writer.uint32(deltaResponse.resources).fork();
  writeText(writer, resource.version, version);
  writer.uint32(resource.any).bytes(any);
  writeText(writer, resource.name, name);
  writer.ldelim();
  return finish(writer);
}

/** The fields of a DeltaDiscoveryResponse that follow its resources. */
export function encodeDeltaTail(response: Omit<DeltaResponse, 'systemVersion' | 'resources'>): Buffer {
  const writer = protobuf.Writer.create();
  writeText(writer, deltaResponse.typeUrl, response.typeUrl);
  writeText(writer, deltaResponse.nonce, response.nonce);
  for (const name of response.removed) writer.uint32(deltaResponse.removed).string(name);
  writeControlPlane(writer, controlPlane.inDelta, response.controlPlane);
  return finish(writer);
}

/** A DiscoveryResponse; the resources' bytes are copied as they are. */
export function encodeResponse(response: SotwResponse): Buffer {
  const writer = protobuf.Writer.create();
  writeText(writer, sotwResponse.versionInfo, response.versionInfo);
  for (const any of response.anys) writer.uint32(sotwResponse.resources).bytes(any);
  writeText(writer, sotwResponse.typeUrl, response.typeUrl);
  writeText(writer, sotwResponse.nonce, response.nonce);
  writeControlPlane(writer, controlPlane.inSotw, response.controlPlane);
  return finish(writer);
}

function writeText(writer: protobuf.Writer, tagOfField: number, value: string): void {
  if (value !== '') writer.uint32(tagOfField).string(value);
}

function writeControlPlane(writer: protobuf.Writer, tagOfField: number, identifier = ''): void {
  if (identifier === '') return;
  writer.uint32(tagOfField).fork();
  writeText(writer, controlPlane.identifier, identifier);
  writer.ldelim();
}

/** On Node, protobufjs writes into Buffers; its types know only Uint8Array. */
function finish(writer: protobuf.Writer): Buffer {
  const bytes = writer.finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
