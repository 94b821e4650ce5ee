// A real Envoy that takes everything from our server over plaintext, in either variant of the protocol, and the counters by
// which it testifies. Entry: startXdsEnvoy.
import { type EnvoyOptions, type EnvoyProcess, startEnvoy } from './envoy.ts';
import { inItsFolder } from './data-plane/sidecars.ts';

export interface XdsEnvoyOptions {
  readonly variant: 'delta' | 'sotw';
  /** Of the replicas, on the loopback address. */
  readonly ports: readonly number[];
  readonly nodeId: string;
  readonly dir: string;
  /** A runtime layer that comes from the server, too. Default: none. */
  readonly runtimeLayer?: string;
  readonly hotRestart?: EnvoyOptions['hotRestart'];
  readonly args?: readonly string[];
}

export function startXdsEnvoy(options: XdsEnvoyOptions): Promise<EnvoyProcess> {
  const { dir, args = [], hotRestart } = options;
  return startEnvoy({
    bootstrap: JSON.stringify(bootstrap(options)),
    dir,
    ...inItsFolder(dir),
    ...(hotRestart !== undefined && { hotRestart }),
    args: ['--file-flush-interval-msec', '20', '--log-level', 'error', ...args],
  });
}

function bootstrap({ variant, ports, nodeId, runtimeLayer }: XdsEnvoyOptions): object {
  const endpoints = ports.map((port) => ({
    endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } },
  }));
  return {
    node: { id: nodeId, cluster: 'test' },
    dynamic_resources: {
      ads_config: {
        api_type: variant === 'delta' ? 'DELTA_GRPC' : 'GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds', retry_policy: quickRetry } }],
      },
      lds_config: { ads: {}, resource_api_version: 'V3' },
      cds_config: { ads: {}, resource_api_version: 'V3' },
    },
    ...(runtimeLayer !== undefined && { layered_runtime: { layers: [layer(runtimeLayer)] } }),
    static_resources: {
      clusters: [
        {
          name: 'xds',
          type: 'STATIC',
          load_assignment: { cluster_name: 'xds', endpoints: [{ lb_endpoints: endpoints }] },
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': http2,
          },
        },
      ],
    },
  };
}

function layer(name: string): object {
  return { name, rtds_layer: { name, rtds_config: { ads: {}, resource_api_version: 'V3' } } };
}

/** Restarts are what these tests are about: no long waits after the first failures. */
const quickRetry = { retry_back_off: { base_interval: '0.05s', max_interval: '0.2s' } };

const http2 = {
  '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
  explicit_http_config: { http2_protocol_options: {} },
};

/** What Envoy did to its configuration. */
export interface Testimony {
  /** Of all types together. */
  readonly rejected: number;
  readonly clustersAdded: number;
  readonly clustersModified: number;
  readonly clustersRemoved: number;
  readonly clustersWarming: number;
  readonly listenersAdded: number;
  readonly listenersModified: number;
  readonly listenersRemoved: number;
  /** Connections to endpoints of services that were closed. */
  readonly connectionsDestroyed: number;
}

export async function testimony(envoy: EnvoyProcess): Promise<Testimony> {
  const stats = await envoy.stats(
    'update_rejected$|^cluster_manager\\.|^listener_manager\\.|upstream_cx_destroy$',
  );
  const one = (name: string): number => stats.get(name) ?? 0;
  const sum = (end: string): number =>
    [...stats].reduce(
      (total, [name, value]) =>
        name.endsWith(end) && !name.startsWith('cluster.xds.') ? total + value : total,
      0,
    );
  return {
    rejected: sum('.update_rejected'),
    clustersAdded: one('cluster_manager.cluster_added'),
    clustersModified: one('cluster_manager.cluster_modified'),
    clustersRemoved: one('cluster_manager.cluster_removed'),
    clustersWarming: one('cluster_manager.warming_clusters'),
    listenersAdded: one('listener_manager.listener_added'),
    listenersModified: one('listener_manager.listener_modified'),
    listenersRemoved: one('listener_manager.listener_removed'),
    connectionsDestroyed: sum('.upstream_cx_destroy'),
  };
}

/** The counters that moved: `{ clustersAdded: 2 }`. */
export function moved(before: Testimony, after: Testimony): Partial<Testimony> {
  return Object.fromEntries(
    Object.entries(after)
      .map(([name, value]) => [name, (value as number) - before[name as keyof Testimony]] as const)
      .filter(([, difference]) => difference !== 0),
  );
}
