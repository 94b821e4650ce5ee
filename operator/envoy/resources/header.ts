// Headers: set over whatever was there, and changed before anything else sees a request.
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { extension } from './typed-config.ts';

export function setHeader(key: string, value: string): EnvoyMessage {
  return { header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' };
}

/** Of a connection manager: before the route is chosen. mutations: HeaderMutation messages. */
export function earlyHeaderMutation(mutations: readonly EnvoyMessage[]): EnvoyMessage {
  return extension(
    'envoy.http.early_header_mutation.header_mutation',
    'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation',
    { mutations },
  );
}
