// Resources made by hand, good and bad, each with a mark by which it is known again in what Envoy says it runs.
// Entry: makeResource. A bad one is refused by Envoy, in one of the ways in which Envoy refuses.
import { typeUrl as url, type TypeUrl } from '../../../operator/envoy/proto/type-urls.ts';
import { duration } from '../../../operator/envoy/proto/well-known.ts';
import { connectionManager } from '../../../operator/envoy/resources/connection-manager.ts';
import { extension, overAds } from '../../../operator/envoy/resources/typed-config.ts';
import type { EnvoyMessage } from '../../../operator/envoy/proto/envoy-message.ts';
import type { XdsResource } from '../../../operator/envoy/resources/xds-resource.ts';
import { outbound } from '../../../operator/envoy/resources/vantage.ts';

/** What there may be of each type; the last route configuration takes its virtual hosts one by one. */
export const resourceNames: Readonly<Record<TypeUrl, readonly string[]>> = {
  [url.cluster]: ['c0', 'c1', 'c2', 'c3', 'c4', 'c5'],
  [url.endpoint]: ['c0', 'c1', 'c2', 'c3', 'c4', 'c5'],
  [url.listener]: ['l0', 'l1', 'l2', 'l3'],
  [url.route]: ['r0', 'r1', 'r2', 'vh'],
  [url.virtualHost]: ['vh/a', 'vh/b', 'vh/c', 'vh/d', 'vh/e'],
  [url.secret]: ['s0', 's1'],
  [url.extensionConfig]: ['e0', 'e1'],
  [url.runtime]: ['layer'],
};

export interface Making {
  readonly typeUrl: TypeUrl;
  readonly name: string;
  /** The mark: from 1, of at most four digits, another one for each resource that is made. */
  readonly mark: number;
  /** 0: good; others: one of the flaws of the type. */
  readonly flaw: number;
  /** PEM of a root certificate. */
  readonly root: string;
}

type Message = (making: Making, index: number) => EnvoyMessage;

const good: Readonly<Record<TypeUrl, Message>> = {
  [url.cluster]: ({ name, mark }, index) => ({
    name,
    type: 'EDS',
    eds_cluster_config: { eds_config: overAds },
    connect_timeout: duration(10_000 + mark),
    ...(index >= 4 && { transport_socket: tls(`s${index - 4}`) }),
  }),
  [url.endpoint]: ({ name, mark }) => endpoints(name, '127.0.0.1', mark),
  [url.listener]: ({ name, mark }, index) =>
    listener(name, '127.0.0.1', 20_000 + index, filters(index, mark)),
  [url.route]: ({ name, mark }) => ({
    name,
    request_headers_to_remove: [`mark-${mark}`],
    ...(name === 'vh' ? { vhds: { config_source: overAds } } : { virtual_hosts: [host('any', '*', mark)] }),
  }),
  [url.virtualHost]: ({ name, mark }) => host(name, name.slice(3), mark),
  [url.secret]: ({ name, mark, root }) => secret(name, `mark ${mark}\n${root}`),
  [url.extensionConfig]: ({ name, mark }) => limit(name, mark),
  [url.runtime]: ({ name, mark }) => ({ name, layer: { test: { mark } } }),
};

/** Each refused by Envoy: some when it reads the message, some when it builds what the message describes. */
const bad: Readonly<Record<TypeUrl, readonly Message[]>> = {
  [url.cluster]: [
    (making, index) => ({ ...good[url.cluster](making, index), connect_timeout: duration(0) }),
    ({ name, mark }) => ({ name, type: 'EDS', connect_timeout: duration(10_000 + mark) }),
    ({ name, mark }) => ({
      name,
      type: 'STATIC',
      connect_timeout: duration(10_000 + mark),
      load_assignment: endpoints(name, 'nohost', mark),
    }),
    (making, index) => ({ ...good[url.cluster](making, index), transport_socket: unknownExtension }),
  ],
  [url.endpoint]: [
    ({ name, mark }) => endpoints(name, '127.0.0.1', 60_000 + mark + 10_000),
    ({ name, mark }) => endpoints(name, 'nohost', mark),
    (making, index) => {
      const [first] = good[url.endpoint](making, index)['endpoints'] as readonly EnvoyMessage[];
      return { cluster_name: making.name, endpoints: [{ ...first, priority: 200 }] };
    },
  ],
  [url.listener]: [
    ({ name, mark }, index) => listener(name, '127.0.0.1', 70_000, filters(index, mark)),
    ({ name }, index) => listener(name, '127.0.0.1', 20_000 + index, [unknownExtension]),
    ({ name, mark }, index) => listener(name, 'nohost', 20_000 + index, filters(index, mark)),
    // The address of its neighbour: refused if that is there.
    ({ name, mark }, index) => listener(name, '127.0.0.1', 20_000 + ((index + 1) % 4), filters(index, mark)),
  ],
  [url.route]: [
    ({ name, mark }) => ({ name, virtual_hosts: [host('any', '*', mark, { safe_regex: { regex: '((' } })] }),
    ({ name, mark }) => ({ name, virtual_hosts: [host('a', 'a', mark), host('b', 'a', mark)] }),
    ({ name, mark }) => ({ name, virtual_hosts: [host('any', '*', mark, {})] }),
  ],
  [url.virtualHost]: [
    ({ name, mark }) => host(name, name.slice(3), mark, { safe_regex: { regex: '((' } }),
    ({ name, mark }) => host(name, name.slice(3), mark, {}),
    // Refused if the other one is there.
    ({ name, mark }) => host(name, name === 'vh/a' ? 'b' : 'a', mark),
  ],
  [url.secret]: [({ name, mark }) => secret(name, `mark ${mark}\nno certificate`)],
  [url.extensionConfig]: [
    // Found when the filter is built, when the message is read, and when its type is compared with what the listener takes.
    ({ name, mark }) => limit(name, mark, { token_bucket: { max_tokens: 1, fill_interval: duration(1) } }),
    ({ name }) => extension(name, limitType),
    ({ name }) => extension(name, 'envoy.extensions.filters.http.router.v3.Router'),
  ],
  [url.runtime]: [({ name, mark }) => ({ name, layer: { test: { mark, list: [1] } } })],
};

export function flawsOf(typeUrl: TypeUrl): number {
  return bad[typeUrl].length;
}

export function makeResource(making: Making): XdsResource {
  const { typeUrl, name, mark, flaw } = making;
  const index = resourceNames[typeUrl].indexOf(name);
  const make = flaw === 0 ? good[typeUrl] : (bad[typeUrl][flaw - 1] ?? good[typeUrl]);
  const usesCluster = typeUrl === url.route || typeUrl === url.virtualHost;
  return {
    typeUrl,
    name,
    message: make(making, index),
    origins: [{ kind: 'Test', namespace: '', name: `${name}@${mark}`, generation: 1 }],
    clusters: usesCluster && name !== 'vh' ? [`c${mark % 6}`] : [],
    exclusiveKeys: [],
  };
}

function endpoints(cluster: string, address: string, port: number): EnvoyMessage {
  const endpoint = { address: { socket_address: { address, port_value: port } } };
  return { cluster_name: cluster, endpoints: [{ lb_endpoints: [{ endpoint }] }] };
}

function listener(name: string, address: string, port: number, chain: readonly EnvoyMessage[]): EnvoyMessage {
  return {
    name,
    address: { socket_address: { address, port_value: port } },
    bind_to_port: false,
    filter_chains: [{ filters: chain }],
  };
}

const limitType = 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';

/** A filter that limits nothing. */
function limit(name: string, mark: number, more: EnvoyMessage = {}): EnvoyMessage {
  return extension(name, limitType, { stat_prefix: `mark-${mark}`, ...more });
}

/** A filter whose configuration comes by itself. */
function discovered(name: string): EnvoyMessage {
  return {
    name,
    config_discovery: {
      config_source: overAds,
      type_urls: [`type.googleapis.com/${limitType}`],
      default_config: limit(name, 0)['typed_config'] ?? null,
      apply_default_config_without_warming: true,
    },
  };
}

/** The mark is the stat prefix. */
function filters(index: number, mark: number): readonly EnvoyMessage[] {
  const name = index === 3 ? 'vh' : `r${index}`;
  const rds = { route_config_name: name, config_source: overAds };
  return [
    connectionManager({
      named: { logs: [], tracing: null, origins: [] },
      seen: outbound,
      statPrefix: `mark-${mark}`,
      early: [],
      filters: index < 2 ? [discovered(`e${index}`)] : [],
      more: { rds },
    }),
  ];
}

function host(
  name: string,
  domain: string,
  mark: number,
  match: EnvoyMessage = { prefix: '/' },
): EnvoyMessage {
  const route = { match, route: { cluster: `c${mark % 6}` } };
  return { name, domains: [domain], request_headers_to_remove: [`mark-${mark}`], routes: [route] };
}

function secret(name: string, pem: string): EnvoyMessage {
  return { name, validation_context: { trusted_ca: { inline_string: pem } } };
}

function tls(trust: string): EnvoyMessage {
  return extension(
    'envoy.transport_sockets.tls',
    'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    { common_tls_context: { validation_context_sds_secret_config: { name: trust, sds_config: overAds } } },
  );
}

/** Of a type that is no extension. */
const unknownExtension = extension('nobody.knows', 'envoy.config.route.v3.VirtualHost', {
  name: 'a',
  domains: ['a'],
});
