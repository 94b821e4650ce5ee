// What must be unique within one message: the domains of a route configuration or a virtual host, the names of filter chains.
// Entry: duplicateProblems. Uniqueness across resources is exclusive-keys.ts.
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import type { Problem } from './problem.ts';
import { isMessage, type Place } from './walk.ts';

export function duplicateProblems({ shape, message, outer }: Place): readonly Problem[] {
  switch (shape.name) {
    case 'envoy.config.route.v3.RouteConfiguration':
      return twice(messages(message['virtual_hosts']).flatMap(domainsOf), 'virtual_hosts', 'the domain');
    case 'envoy.config.route.v3.VirtualHost':
      // Within a route configuration they are looked at together.
      return outer === null ? twice(domainsOf(message), 'domains', 'the domain') : [];
    case 'envoy.config.listener.v3.Listener':
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

function domainsOf(virtualHost: EnvoyMessage): readonly string[] {
  const { domains } = virtualHost;
  return Array.isArray(domains) ? domains.map((domain) => String(domain).toLowerCase()) : [];
}

function nameOf(message: EnvoyMessage): string {
  return typeof message['name'] === 'string' ? message['name'] : '';
}
