// The virtual host and the route that a request gets.
import type { EnvoyMessage, EnvoyValue } from '../envoy/proto/envoy-message.ts';
import { authority } from '../envoy/resources/names.ts';
import type { Origin } from '../ir/origin.ts';
import type { Call } from './call.ts';
import { isMessage, knowingOnly, messageIn, messagesIn, textIn, textsIn, UnreadableError } from './fields.ts';
import { matchesRequest } from './matchers.ts';
import { messagesOf, type ProxyConfig } from './proxy-config.ts';

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
    belowWildcard(inline, wanted) ??
    inline.find((one) => textsIn(one, 'domains').includes('*'));
  if (host === undefined) throw new UnreadableError(`no virtual host is for ${wanted}`);
  const origins = (discovered ?? table).origins;
  return { name: textIn(host, 'name') ?? '', routes: messagesIn(host, 'routes'), origins };
}

function hasDomain(host: EnvoyMessage, wanted: string): boolean {
  return textsIn(host, 'domains').some((domain) => domain.toLowerCase() === wanted);
}

/** The longest `*.example.com` wins. */
function belowWildcard(hosts: readonly EnvoyMessage[], wanted: string): EnvoyMessage | undefined {
  const matching = hosts.flatMap((host) =>
    textsIn(host, 'domains')
      .filter((domain) => domain.startsWith('*.') && wanted.endsWith(domain.slice(1)))
      .map((domain) => ({ host, length: domain.length })),
  );
  return matching.toSorted((a, b) => b.length - a.length)[0]?.host;
}

/** What the header says by which the table chooses: written by the connection manager, over what the application sent. */
function destinationOf(manager: EnvoyMessage, table: EnvoyMessage, call: Call): string {
  const { address, port, request } = call;
  const name = textIn(table, 'vhost_header');
  if (name === null) return request.authority;
  const written = messagesIn(manager, 'early_header_mutation_extensions')
    .flatMap((extension) => messagesIn(messageIn(extension, 'typed_config') ?? {}, 'mutations'))
    .map((mutation) => messageIn(messageIn(mutation, 'append') ?? {}, 'header') ?? {})
    .find((header) => textIn(header, 'key') === name);
  const value = written === undefined ? null : textIn(written, 'value');
  if (value === null) throw new UnreadableError('nothing says for which destination a request is');
  if (value !== '%DOWNSTREAM_LOCAL_ADDRESS%') return value;
  return authority(address, port);
}

/** By a runtime value, for all requests or for none. */
function isOn({ runtime }: ProxyConfig, fraction: EnvoyValue | undefined): boolean {
  if (!isMessage(fraction)) return true;
  const { default_value: otherwise } = knowingOnly(fraction, ['runtime_key', 'default_value']);
  const key = textIn(fraction, 'runtime_key') ?? '';
  const said = messagesOf(runtime).map(({ layer }) => (isMessage(layer) ? layer[key] : undefined));
  const percentage =
    said.find((value) => value !== undefined) ?? (isMessage(otherwise) ? otherwise['numerator'] : 0);
  if (percentage !== 0 && percentage !== 100)
    throw new UnreadableError(`explain does not know which requests ${key} means`);
  return percentage === 100;
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
export function findRoute(
  config: ProxyConfig,
  { routes }: FoundHost,
  { request }: Call,
): EnvoyMessage | null {
  const found = routes.find((route) => {
    const { runtime_fraction: fraction, ...match } = messageIn(route, 'match') ?? {};
    return isOn(config, fraction) && matchesRequest(match, request);
  });
  return found === undefined ? null : knowingOnly(found, routeFields);
}
