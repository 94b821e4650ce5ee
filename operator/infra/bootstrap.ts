// The bootstrap of a sidecar: who it is, where its configuration comes from, and nothing that could come by xDS.
// Pure: main parts or a test write it to a file, or pass it as --config-yaml.
// Envoy must be started in the directory that holds the certificate folder: the configuration that all sidecars share
// names files relative to it. @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/bootstrap/v3/bootstrap.proto
import { leafSdsFile, rootsSdsFile } from '../values/certificate-files.ts';
import { localCluster, operatorCluster, runtimeLayer } from '../values/sidecar-names.ts';
import { firstAnswerTimeout, overAds, socketAddress, type Json } from './bootstrap-parts.ts';
import { overloadManager } from './overload.ts';
import { evictionInterval, histogramBuckets, reportInterval, statsSink } from './telemetry.ts';

export interface BootstrapOptions {
  /** As operator/values/node-id.ts formats it. */
  readonly nodeId: string;
  /** Envoy's name for a group of proxies: the name of the Mesh. */
  readonly cluster: string;
  readonly xds: {
    /** An IP address, or a name that is resolved again and again. */
    readonly address: string;
    readonly port: number;
    /** The operator's identity: no other server is believed. */
    readonly serverSpiffeId: string;
  };
  /** Keep it on the loopback interface: whoever reaches it may stop the proxy. Default 127.0.0.1. */
  readonly adminAddress?: string;
  /** 0 takes a free port. */
  readonly adminPort: number;
  /** Of the memory of the container, such as 256Mi. Default: no limit. */
  readonly memoryLimit?: string | undefined;
  /** Of the folder that holds the certificate folder. Default: '', the working directory. */
  readonly baseDirectory?: string;
}

export function renderBootstrap(options: BootstrapOptions): Json {
  return {
    node: { id: options.nodeId, cluster: options.cluster },
    dynamic_resources: dynamicResources,
    static_resources: { clusters: [xdsCluster(options), edsCluster(localCluster)] },
    cluster_manager: { local_cluster_name: localCluster },
    admin: { address: socketAddress(options.adminAddress ?? '127.0.0.1', options.adminPort) },
    layered_runtime: { layers: [...layeredRuntime.layers, discoveredRuntime] },
    overload_manager: overloadManager(options.memoryLimit),
    stats_config: {
      stats_matcher: { exclusion_list: { patterns: unusedStats } },
      histogram_bucket_settings: [histogramBuckets],
    },
    stats_sinks: [statsSink(options.nodeId)],
    stats_flush_interval: reportInterval,
    stats_eviction_interval: evictionInterval,
  };
}

/** Per listener and worker: they say how evenly connections fell on the threads, and are many. */
const unusedStats = [{ safe_regex: { regex: 'listener\\..*\\.worker_[0-9]+\\..*' } }];

/**
 * Regular expressions of policies are checked and bounded in size before they are sent (api/checks/expression-size.ts). Envoy's
 * own limit, 100 instructions, would refuse many of them; this one stands behind our check.
 */
export const layeredRuntime = {
  layers: [{ name: 'static', static_layer: { 're2.max_program_size.error_level': 32_768 } }],
};

/** What is switched on and off while the sidecar runs. A sidecar whose operator does not answer starts without. */
const discoveredRuntime: Json = {
  name: runtimeLayer,
  rtds_layer: { name: runtimeLayer, rtds_config: { ...overAds, initial_fetch_timeout: firstAnswerTimeout } },
};

const reconnectBackOff = { base_interval: '0.25s', max_interval: '5s' };

const dynamicResources: Json = {
  ads_config: {
    api_type: 'DELTA_GRPC',
    transport_api_version: 'V3',
    set_node_on_first_message_only: true,
    // Envoy's own back-off goes up to 30 s: after a restart of the operator that is long.
    grpc_services: [
      { envoy_grpc: { cluster_name: operatorCluster, retry_policy: { retry_back_off: reconnectBackOff } } },
    ],
  },
  lds_config: overAds,
  cds_config: overAds,
};

/** A cluster that Envoy has to know from the start, of which the endpoints come over the stream. */
function edsCluster(name: string): Json {
  return {
    name,
    type: 'EDS',
    eds_cluster_config: { eds_config: { ...overAds, initial_fetch_timeout: firstAnswerTimeout } },
    connect_timeout: '5s',
  };
}

const http2 = 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

function xdsCluster({ xds, baseDirectory = '' }: BootstrapOptions): Json {
  return {
    name: operatorCluster,
    type: 'STRICT_DNS',
    connect_timeout: '5s',
    // Reports that one closing connection refuses are sent again at once (reportRetries); Envoy's default is three.
    circuit_breakers: { thresholds: [{ max_retries: 100 }] },
    load_assignment: {
      cluster_name: operatorCluster,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(xds.address, xds.port) } }] }],
    },
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
        common_tls_context: tlsToOperator(baseDirectory, xds.serverSpiffeId),
      },
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': http2WithKeepalive,
    },
  };
}

/** Both from SDS files: a certificate and roots that a TLS context names directly are never read again. */
function tlsToOperator(baseDirectory: string, serverSpiffeId: string): Json {
  return {
    tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
    alpn_protocols: ['h2'],
    tls_certificate_sds_secret_configs: [fileSecret('leaf', leafSdsFile(baseDirectory))],
    combined_validation_context: {
      default_validation_context: {
        match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: serverSpiffeId } }],
      },
      validation_context_sds_secret_config: fileSecret('roots', rootsSdsFile(baseDirectory)),
    },
  };
}

function fileSecret(name: string, path: string): Json {
  return { name, sds_config: { path_config_source: { path }, resource_api_version: 'V3' } };
}

/** A dead operator, or a path to it that swallows packets, is noticed within 40 seconds. */
const http2WithKeepalive: Json = {
  '@type': http2,
  explicit_http_config: {
    http2_protocol_options: { connection_keepalive: { interval: '30s', timeout: '10s' } },
  },
};
