// What must be unique within one message: the domains of a route configuration or a virtual host, the names of filter chains.
// Entry: duplicateProblems. Uniqueness across resources is exclusive-keys.ts.
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import type { Problem } from './problem.ts';
import { isMessage, type Place } from './walk.ts';

const routeConfiguration = 'envoy.config.route.v3.RouteConfiguration';
const virtualHost = 'envoy.config.route.v3.VirtualHost';
const listener = 'envoy.config.listener.v3.Listener';

export const duplicateTypes: ReadonlySet<string> = new Set([routeConfiguration, virtualHost, listener]);

/** Of a message of one of these types. */
export function duplicateProblems({ shape, message, outer }: Place): readonly Problem[] {
  switch (shape.name) {
    case routeConfiguration:
      return twice(messages(message['virtual_hosts']).flatMap(domainsOf), 'virtual_hosts', 'the domain');
    case virtualHost:
      // Within a route configuration they are looked at together.
      return outer === null ? twice(domainsOf(message), 'domains', 'the domain') : [];
    case listener:
      return twice(messages(message['filter_chains']).map(nameOf), 'filter_chains', 'the filter chain');
    default:
      return [];
  }
}

function twice(values: readonly string[], path: string, what: string): readonly Problem[] {
  const repeated = values.filter((value, index) => value !== '' && values.indexOf(value) < index);
  return [...new Set(repeated)].map((value) => ({ path, text: `${what} ${value} is there twice` }));
}

function messages(list: unknown): readonly EnvoyMessage[] {
  return Array.isArray(list) ? list.filter(isMessage) : [];
}

function domainsOf({ domains }: EnvoyMessage): readonly string[] {
  return Array.isArray(domains) ? domains.map((domain) => String(domain).toLowerCase()) : [];
}

function nameOf(message: EnvoyMessage): string {
  return typeof message['name'] === 'string' ? message['name'] : '';
}
