// The messages of the discovery stream: requests decoded to small typed objects, responses put together from resources
// that are already encoded. Pure. The client's side is in test/support.
import protobuf from 'protobufjs/minimal.js';
import type { EnvoyMessage } from '../../envoy/proto/envoy-message.ts';
import type { InitialVersions } from './initial-resource-versions.ts';
import { readDeltaRequest } from './read-delta-request.ts';
import { decode } from '../../envoy/proto/registry.ts';

/** The proxy, as it calls itself. Claims, not facts: the stream's certificate is what proves them. */
export interface RequestNode {
  readonly id: string;
  readonly cluster: string;
  readonly metadata: EnvoyMessage;
  /** `1.40.0`, or an empty string when the client does not say. */
  readonly userAgentVersion: string;
}

/** A client's refusal: a google.rpc.Status without its details. */
export interface ErrorDetail {
  readonly code: number;
  readonly message: string;
}

interface AnyRequest {
  /** null on all but the first request of a stream, from most clients. */
  readonly node: RequestNode | null;
  /** As sent: it may be none of ours, or empty. */
  readonly typeUrl: string;
  /** Of the response this one acknowledges or refuses; empty when it answers none. */
  readonly nonce: string;
  /** Not null: the response was refused. */
  readonly error: ErrorDetail | null;
}

export interface DeltaRequest extends AnyRequest {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** What the client kept from an earlier stream. */
  readonly initialVersions: InitialVersions;
}

/** A state-of-the-world request. */
export interface SotwRequest extends AnyRequest {
  readonly names: readonly string[];
  readonly versionInfo: string;
}

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

export const discoveryTypes = {
  request: 'envoy.service.discovery.v3.DiscoveryRequest',
  response: 'envoy.service.discovery.v3.DiscoveryResponse',
  deltaRequest: 'envoy.service.discovery.v3.DeltaDiscoveryRequest',
  deltaResponse: 'envoy.service.discovery.v3.DeltaDiscoveryResponse',
  node: 'envoy.config.core.v3.Node',
  status: 'google.rpc.Status',
} as const;

/** Requests with the same long list of names share the list. @throws MessageError when the bytes are not such a request. */
export function decodeDeltaRequest(bytes: Uint8Array): DeltaRequest {
  const { node, error, ...rest } = readDeltaRequest(bytes);
  return {
    ...rest,
    node: nodeOf(node === null ? undefined : decode(discoveryTypes.node, node)),
    error: errorOf(error === null ? undefined : decode(discoveryTypes.status, error)),
  };
}

/** @throws MessageError when the bytes are not such a request. */
export function decodeRequest(bytes: Uint8Array): SotwRequest {
  const message = decode(discoveryTypes.request, bytes);
  return {
    ...commonOf(message),
    names: strings(message['resource_names']),
    versionInfo: text(message['version_info']),
  };
}

function commonOf(message: EnvoyMessage): AnyRequest {
  return {
    node: nodeOf(message['node']),
    typeUrl: text(message['type_url']),
    nonce: text(message['response_nonce']),
    error: errorOf(message['error_detail']),
  };
}

function nodeOf(value: unknown): RequestNode | null {
  if (value === undefined) return null;
  const node = objectOf(value);
  return {
    id: text(node['id']),
    cluster: text(node['cluster']),
    metadata: objectOf(node['metadata']),
    userAgentVersion: text(node['user_agent_version']) || buildVersionOf(node),
  };
}

/** Envoy tells its version in numbers only. */
function buildVersionOf(node: EnvoyMessage): string {
  const build = objectOf(node['user_agent_build_version']);
  if (build['version'] === undefined) return '';
  const version = objectOf(build['version']);
  return ['major_number', 'minor_number', 'patch'].map((part) => number(version[part])).join('.');
}

function errorOf(value: unknown): ErrorDetail | null {
  if (value === undefined) return null;
  const status = objectOf(value);
  return { code: number(status['code']), message: text(status['message']) };
}

const noStrings: readonly string[] = [];

// Decoded messages have their declared kinds; what is not set is absent.
function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : noStrings;
}

function objectOf(value: unknown): EnvoyMessage {
  return typeof value === 'object' && value !== null ? (value as EnvoyMessage) : {};
}

// Field numbers of discovery.proto, as tags of length-delimited fields.
const tag = (field: number): number => (field << 3) | 2;
const deltaResponse = {
  systemVersion: tag(1),
  resources: tag(2),
  typeUrl: tag(4),
  nonce: tag(5),
  removed: tag(6),
};
const resource = { version: tag(1), any: tag(2), name: tag(3) };
const sotwResponse = { versionInfo: tag(1), resources: tag(2), typeUrl: tag(4), nonce: tag(5) };
const controlPlane = { inDelta: tag(7), inSotw: tag(6), identifier: tag(1) };

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
