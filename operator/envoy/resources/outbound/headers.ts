// Changes of headers that a route makes.
import type { HeaderIr, HeaderModifierIr, RouteIr } from '../../../ir/route.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { variesByOrigin } from './cors.ts';

/** Fields of an Envoy route. */
export function headerChanges({ requestHeaders, responseHeaders, cors }: RouteIr): EnvoyMessage {
  return {
    ...changes('request', requestHeaders, []),
    ...changes('response', responseHeaders, cors === null ? [] : [variesByOrigin]),
  };
}

const none: HeaderModifierIr = { set: [], add: [], remove: [] };

/** more: to add besides. */
function changes(
  of: 'request' | 'response',
  modifier: HeaderModifierIr | null,
  more: readonly HeaderIr[],
): EnvoyMessage {
  const { set, add, remove } = modifier ?? none;
  const written = [
    ...set.map((header) => option(header, 'OVERWRITE_IF_EXISTS_OR_ADD')),
    ...[...add, ...more].map((header) => option(header, 'APPEND_IF_EXISTS_OR_ADD')),
  ];
  return {
    ...(written.length > 0 && { [`${of}_headers_to_add`]: written }),
    ...(remove.length > 0 && { [`${of}_headers_to_remove`]: remove }),
  };
}

/** Envoy takes what stands between per cent signs for a command; two of them are one that is none. */
function option({ name, value }: HeaderIr, appendAction: string): EnvoyMessage {
  return { header: { key: name, value: value.replaceAll('%', '%%') }, append_action: appendAction };
}
