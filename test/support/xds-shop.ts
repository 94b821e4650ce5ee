// A small mesh as a real Envoy runs it, for tests of the protocol: one listener, one route table, and services with a
// cluster, endpoints and a virtual host each. Entry: shop. What it is made of is given by hand, not by the operator's
// translation.
import { typeUrl as url } from '../../operator/envoy/proto/type-urls.ts';
import { duration } from '../../operator/envoy/proto/well-known.ts';
import { extension, overAds } from '../../operator/envoy/resources/typed-config.ts';
import type { EnvoyMessage } from '../../operator/envoy/proto/envoy-message.ts';
import type { XdsResource } from '../../operator/envoy/resources/xds-resource.ts';

export interface Service {
  /** Name and host name. */
  readonly name: string;
  /** Where its requests go. Default: its name. */
  readonly cluster?: string;
  /** Of the loopback address. */
  readonly ports: readonly number[];
  /** PEM of the roots that its endpoints have to show a certificate of: they are asked over TLS. */
  readonly roots?: string;
  /** Makes its virtual host, or its cluster, one that Envoy refuses. */
  readonly flaw?: 'host' | 'cluster';
  /** A change of the cluster that changes nothing for requests. In milliseconds. */
  readonly connectTimeoutMs?: number;
}

export interface Shop {
  /** State of the world knows no virtual hosts one by one: the route table has them all. */
  readonly variant: 'delta' | 'sotw';
  readonly listenerPort: number;
  readonly services: readonly Service[];
}

export const trustName = 'trust';

export function shop({ variant, listenerPort, services }: Shop): readonly XdsResource[] {
  const hosts = services.map((service) => resource(url.virtualHost, `table/${service.name}`, host(service)));
  const isDelta = variant === 'delta';
  const inline = { virtual_hosts: hosts.map(({ message }) => message) };
  const table = { name: 'table', ...(isDelta ? { vhds: { config_source: overAds } } : inline) };
  const clusters = hosts.flatMap((it) => it.clusters);
  const roots = services.find((it) => it.roots !== undefined)?.roots;
  return [
    ...services.map((service) => resource(url.cluster, clusterOf(service), cluster(service))),
    ...services.map((service) => resource(url.endpoint, clusterOf(service), endpoints(service))),
    ...(roots === undefined ? [] : [resource(url.secret, trustName, trust(roots))]),
    ...(isDelta ? hosts : []),
    { ...resource(url.route, 'table', table), clusters: isDelta ? [] : clusters },
    resource(url.listener, 'all', listener(listenerPort)),
  ];
}

function clusterOf({ name, cluster: given = name }: Service): string {
  return given;
}

function resource(typeUrl: XdsResource['typeUrl'], name: string, message: EnvoyMessage): XdsResource {
  const origins = [{ kind: 'Test', namespace: '', name, generation: 1 }];
  const clusters = typeUrl === url.virtualHost ? clustersOf(message) : [];
  const exclusiveKeys = typeUrl === url.virtualHost ? (message['domains'] as readonly string[]) : [];
  return { typeUrl, name, message, origins, clusters, exclusiveKeys };
}

function clustersOf(host_: EnvoyMessage): readonly string[] {
  const routes = host_['routes'] as readonly EnvoyMessage[];
  return routes.map((it) => (it['route'] as EnvoyMessage)['cluster'] as string);
}

function host(service: Service): EnvoyMessage {
  const { name, flaw } = service;
  const match = flaw === 'host' ? { safe_regex: { regex: '((' } } : { prefix: '/' };
  const routes = [{ match, route: { cluster: clusterOf(service), timeout: duration(patienceMs) } }];
  return { name: `table/${name}`, domains: [name], routes };
}

/** Of connecting and of answering, unless a service says otherwise: a busy machine takes its time for many at once. */
const patienceMs = 60_000;
const unlimited = { max_connections: 100_000, max_pending_requests: 100_000, max_requests: 100_000 };

function cluster(service: Service): EnvoyMessage {
  const { roots, flaw, connectTimeoutMs = patienceMs } = service;
  return {
    name: clusterOf(service),
    type: 'EDS',
    eds_cluster_config: { eds_config: overAds },
    connect_timeout: duration(flaw === 'cluster' ? 0 : connectTimeoutMs),
    // A busy machine may let thousands of requests come at once.
    circuit_breakers: { thresholds: [unlimited] },
    ...(roots !== undefined && { transport_socket: tls }),
  };
}

function endpoints(service: Service): EnvoyMessage {
  const found = service.ports.map((port) => ({
    endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } },
  }));
  return { cluster_name: clusterOf(service), endpoints: [{ lb_endpoints: found }] };
}

function trust(roots: string): EnvoyMessage {
  return { name: trustName, validation_context: { trusted_ca: { inline_string: roots } } };
}

const tls = extension(
  'envoy.transport_sockets.tls',
  'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
  {
    max_session_keys: 0,
    common_tls_context: {
      validation_context_sds_secret_config: { name: trustName, sds_config: overAds },
    },
  },
);

const router = extension('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router');

/** Failed requests, with Envoy's flags, go to the file `failures` in the folder in which Envoy was started. */
const failures = {
  ...extension('envoy.access_loggers.file', 'envoy.extensions.access_loggers.file.v3.FileAccessLog', {
    path: 'failures',
    log_format: {
      text_format_source: { inline_string: '%RESPONSE_CODE% %RESPONSE_FLAGS% %REQ(:AUTHORITY)%\n' },
    },
  }),
  filter: {
    status_code_filter: {
      comparison: { op: 'GE', value: { default_value: 400, runtime_key: 'none' } },
    },
  },
};

function listener(port: number): EnvoyMessage {
  const manager = extension(
    'envoy.filters.network.http_connection_manager',
    'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    {
      stat_prefix: 'all',
      rds: { route_config_name: 'table', config_source: overAds },
      access_log: [failures],
      http_filters: [router],
    },
  );
  return {
    name: 'all',
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [manager] }],
  };
}
