// The virtual host and the route that a request gets.
import type { EnvoyMessage } from '../envoy/proto/envoy-message.ts';
import { authority } from '../envoy/resources/names.ts';
import type { Origin } from '../ir/origin.ts';
import type { Call } from './call.ts';
import { knowingOnly, messageIn, messagesIn, textIn, textsIn, UnreadableError } from './fields.ts';
import { matchesRequest } from './matchers.ts';
import type { ProxyConfig } from './proxy-config.ts';

export interface FoundHost {
  readonly name: string;
  readonly routes: readonly EnvoyMessage[];
  /** The objects that shaped it. */
  readonly origins: readonly Origin[];
}

/** @see https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/http_routing#route-table */
export function findHost(config: ProxyConfig, manager: EnvoyMessage, call: Call): FoundHost {
  const tableName = textIn(messageIn(manager, 'rds') ?? {}, 'route_config_name') ?? '';
  const table = config.routes.get(tableName);
  if (table === undefined) throw new UnreadableError(`there is no route table ${tableName}`);
  const wanted = destinationOf(manager, table.message, call).toLowerCase();
  const discovered = [...config.virtualHosts.values()].find(
    ({ name, message }) => name.startsWith(`${tableName}/`) && hasDomain(message, wanted),
  );
  const inline = messagesIn(table.message, 'virtual_hosts');
  const host =
    discovered?.message ??
    inline.find((one) => hasDomain(one, wanted)) ??
    inline.find((one) => textsIn(one, 'domains').includes('*'));
  if (host === undefined) throw new UnreadableError(`no virtual host is for ${wanted}`);
  const origins = (discovered ?? table).origins;
  return { name: textIn(host, 'name') ?? '', routes: messagesIn(host, 'routes'), origins };
}

function hasDomain(host: EnvoyMessage, wanted: string): boolean {
  return textsIn(host, 'domains').some((domain) => domain.toLowerCase() === wanted);
}

/** What the header says by which the table chooses: written by the connection manager, over what the application sent. */
function destinationOf(manager: EnvoyMessage, table: EnvoyMessage, { address, port }: Call): string {
  const name = textIn(table, 'vhost_header');
  const written = messagesIn(manager, 'early_header_mutation_extensions')
    .flatMap((extension) => messagesIn(messageIn(extension, 'typed_config') ?? {}, 'mutations'))
    .map((mutation) => messageIn(messageIn(mutation, 'append') ?? {}, 'header') ?? {})
    .find((header) => textIn(header, 'key') === name);
  const value = written === undefined ? null : textIn(written, 'value');
  if (value === null) throw new UnreadableError('nothing says for which destination a request is');
  if (value !== '%DOWNSTREAM_LOCAL_ADDRESS%') return value;
  return authority(address, port);
}

const routeFields = [
  'name',
  'match',
  'route',
  'redirect',
  'direct_response',
  'typed_per_filter_config',
  'request_headers_to_add',
  'request_headers_to_remove',
  'response_headers_to_add',
  'response_headers_to_remove',
  'request_body_buffer_limit',
] as const;

/** The first that matches; null: none does, and Envoy answers 404. */
export function findRoute({ routes }: FoundHost, { request }: Call): EnvoyMessage | null {
  const found = routes.find((route) => matchesRequest(messageIn(route, 'match') ?? {}, request));
  return found === undefined ? null : knowingOnly(found, routeFields);
}
