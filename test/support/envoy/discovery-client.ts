// The client's side of the discovery stream: what a proxy writes and reads. For tests and tools that play a proxy.
import type { EnvoyMessage } from '../../../operator/envoy/proto/envoy-message.ts';
import type { DeltaRequest, SotwRequest } from '../../../operator/xds/wire/requests.ts';
import { decode, encodeMessage } from '../../../operator/envoy/proto/registry.ts';

export const discoveryTypes = {
  request: 'envoy.service.discovery.v3.DiscoveryRequest',
  response: 'envoy.service.discovery.v3.DiscoveryResponse',
  deltaRequest: 'envoy.service.discovery.v3.DeltaDiscoveryRequest',
  deltaResponse: 'envoy.service.discovery.v3.DeltaDiscoveryResponse',
} as const;

/** A resource as a client sees it, decoded; null: a resource without content. */
export interface ReceivedResource {
  readonly name: string;
  readonly version: string;
  readonly message: EnvoyMessage | null;
}

export interface ReceivedDelta {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly systemVersion: string;
  readonly resources: readonly ReceivedResource[];
  readonly removed: readonly string[];
}

export interface ReceivedSotw {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly versionInfo: string;
  readonly messages: readonly EnvoyMessage[];
}

/** Of a delta request; what the client kept as a plain map. */
export interface DeltaFields extends Partial<Omit<DeltaRequest, 'initialVersions'>> {
  readonly initialVersions?: ReadonlyMap<string, string>;
}

/** The bytes of a delta request; what is left out is not sent. */
export function encodeDeltaRequest(request: DeltaFields): Uint8Array {
  return encodeMessage(discoveryTypes.deltaRequest, {
    ...commonFields(request),
    resource_names_subscribe: request.subscribe ?? [],
    resource_names_unsubscribe: request.unsubscribe ?? [],
    initial_resource_versions: Object.fromEntries(request.initialVersions ?? []),
  });
}

/** The bytes of a state-of-the-world request; what is left out is not sent. */
export function encodeRequest(request: Partial<SotwRequest>): Uint8Array {
  return encodeMessage(discoveryTypes.request, {
    ...commonFields(request),
    resource_names: request.names ?? [],
    version_info: request.versionInfo ?? '',
  });
}

function commonFields(request: Partial<Omit<DeltaRequest, 'initialVersions'> | SotwRequest>): EnvoyMessage {
  return {
    node: request.nodeId === undefined || request.nodeId === null ? null : { id: request.nodeId },
    type_url: request.typeUrl ?? '',
    response_nonce: request.nonce ?? '',
    error_detail: request.error ? { code: request.error.code, message: request.error.message } : null,
  };
}

/** @throws MessageError when the bytes are not a delta response. */
export function decodeDeltaResponse(bytes: Uint8Array): ReceivedDelta {
  const message = decode(discoveryTypes.deltaResponse, bytes);
  const resources = (message['resources'] ?? []) as readonly EnvoyMessage[];
  return {
    ...headOf(message),
    systemVersion: (message['system_version_info'] ?? '') as string,
    resources: resources.map((resource) => ({
      name: (resource['name'] ?? '') as string,
      version: (resource['version'] ?? '') as string,
      message: (resource['resource'] ?? null) as EnvoyMessage | null,
    })),
    removed: (message['removed_resources'] ?? []) as readonly string[],
  };
}

/** @throws MessageError when the bytes are not a state-of-the-world response. */
export function decodeResponse(bytes: Uint8Array): ReceivedSotw {
  const message = decode(discoveryTypes.response, bytes);
  return {
    ...headOf(message),
    versionInfo: (message['version_info'] ?? '') as string,
    messages: (message['resources'] ?? []) as readonly EnvoyMessage[],
  };
}

function headOf(message: EnvoyMessage): { readonly typeUrl: string; readonly nonce: string } {
  return { typeUrl: (message['type_url'] ?? '') as string, nonce: (message['nonce'] ?? '') as string };
}
