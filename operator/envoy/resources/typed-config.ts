// How Envoy's extensions are written down: a google.protobuf.Any in plain data, and the two shapes that carry one.
// Knows no particular extension.
import type { EnvoyMessage } from '../proto/envoy-message.ts';

/** A google.protobuf.Any: the message with its full protobuf name. */
export function any(type: string, fields: EnvoyMessage = {}): EnvoyMessage {
  return { '@type': `type.googleapis.com/${type}`, ...fields };
}

export type NamedExtension = EnvoyMessage & { readonly name: string };

/** Named extension with its configuration, as filters, access loggers and transport sockets are given. */
export function extension(name: string, type: string, fields: EnvoyMessage = {}): NamedExtension {
  return { name, typed_config: any(type, fields) };
}

/** Resources that come over the aggregated stream of the sidecar. */
export const overAds: EnvoyMessage = { ads: {}, resource_api_version: 'V3' };
