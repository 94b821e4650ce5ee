// Messages such as the mesh publishes: an mTLS cluster, its endpoints, a virtual host. For tests of encoding and checking.
import { duration } from '../../../operator/envoy/proto/well-known.ts';
import { typeUrl, type TypeUrl } from '../../../operator/envoy/proto/type-urls.ts';
import type { EnvoyMessage } from '../../../operator/envoy/proto/envoy-message.ts';

const type = 'type.googleapis.com';
const ads = { ads: {}, resource_api_version: 'V3' };

/** An EDS cluster that speaks mTLS to endpoints of the mesh and plaintext to others. */
export const cluster = {
  name: 'outbound/shop/reviews/9080',
  type: 'EDS',
  connect_timeout: duration(5000),
  eds_cluster_config: { eds_config: ads },
  lb_policy: 'LEAST_REQUEST',
  circuit_breakers: { thresholds: [{ max_connections: 1024, max_requests: 1024, max_retries: 100 }] },
  metadata: { filter_metadata: { 'meshwright.dev': { service: 'shop/reviews', port: 9080 } } },
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': `${type}/envoy.extensions.upstreams.http.v3.HttpProtocolOptions`,
      use_downstream_protocol_config: { http2_protocol_options: { max_concurrent_streams: 100 } },
    },
  },
  transport_socket_matches: [
    {
      name: 'mtls',
      match: { mesh: 'true' },
      transport_socket: {
        name: 'envoy.transport_sockets.tls',
        typed_config: {
          '@type': `${type}/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext`,
          common_tls_context: {
            tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
            alpn_protocols: ['meshwright'],
            tls_certificate_sds_secret_configs: [{ name: 'leaf', sds_config: ads }],
            combined_validation_context: {
              default_validation_context: {
                match_typed_subject_alt_names: [
                  { san_type: 'URI', matcher: { exact: 'spiffe://cluster.local/ns/shop/sa/reviews' } },
                ],
              },
              validation_context_sds_secret_config: { name: 'trust', sds_config: ads },
            },
          },
        },
      },
    },
    {
      name: 'plaintext',
      match: {},
      transport_socket: {
        name: 'envoy.transport_sockets.raw_buffer',
        typed_config: { '@type': `${type}/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer` },
      },
    },
  ],
} satisfies EnvoyMessage;

function endpoint(index: number): EnvoyMessage {
  return {
    endpoint: { address: { socket_address: { address: `10.0.0.${index}`, port_value: 9080 } } },
    metadata: {
      filter_metadata: {
        'envoy.transport_socket_match': { mesh: 'true' },
        'meshwright.dev': { workload: 'Deployment/shop/reviews-v1' },
      },
    },
    load_balancing_weight: 1,
  };
}

/** A load assignment of `count` endpoints with metadata. */
export function loadAssignment(count: number): EnvoyMessage {
  return {
    cluster_name: 'outbound/shop/reviews/9080',
    endpoints: [
      {
        locality: { region: 'r1', zone: 'z1' },
        lb_endpoints: Array.from({ length: count }, (_, index) => endpoint(index)),
      },
    ],
  };
}

/** Two routes: one by header, one weighted, with retries and a fault. */
export const virtualHost = {
  name: 'outbound/10.96.0.1:80',
  domains: ['10.96.0.1:80'],
  routes: [
    {
      name: 'testers',
      match: { prefix: '/', headers: [{ name: 'x-group', string_match: { exact: 'test' } }] },
      route: { cluster: 'outbound/shop/reviews/9080/v2', timeout: duration(3000) },
    },
    {
      name: 'default',
      match: { safe_regex: { regex: '/reviews/[0-9]+' } },
      route: {
        weighted_clusters: {
          clusters: [
            { name: 'outbound/shop/reviews/9080/v1', weight: 90 },
            { name: 'outbound/shop/reviews/9080/v2', weight: 10 },
          ],
        },
        retry_policy: {
          retry_on: 'connect-failure,refused-stream',
          num_retries: 2,
          per_try_timeout: duration(1500),
          retry_host_predicate: [
            {
              name: 'envoy.retry_host_predicates.previous_hosts',
              typed_config: {
                '@type': `${type}/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate`,
              },
            },
          ],
        },
      },
      typed_per_filter_config: {
        'envoy.filters.http.fault': {
          '@type': `${type}/envoy.extensions.filters.http.fault.v3.HTTPFault`,
          delay: { fixed_delay: duration(2000), percentage: { numerator: 5, denominator: 'HUNDRED' } },
        },
      },
    },
  ],
} satisfies EnvoyMessage;

/** The table that virtual hosts come to by VHDS, chosen by a header. */
export const routeConfiguration = {
  name: 'outbound',
  vhost_header: 'x-dst',
  request_headers_to_remove: ['x-dst'],
  virtual_hosts: [
    { name: 'any', domains: ['*'], routes: [{ match: { prefix: '/' }, direct_response: { status: 404 } }] },
  ],
} satisfies EnvoyMessage;

/** The outbound listener: HTTP services are told by an IP trie, all else is TCP. */
export const listener = {
  name: 'outbound',
  address: { socket_address: { address: '0.0.0.0', port_value: 15001 } },
  use_original_dst: true,
  filter_chain_matcher: {
    matcher_tree: {
      input: {
        name: 'ip',
        typed_config: {
          '@type': `${type}/envoy.extensions.matching.common_inputs.network.v3.DestinationIPInput`,
        },
      },
      custom_match: {
        name: 'envoy.matching.custom_matchers.trie_matcher',
        typed_config: {
          '@type': `${type}/xds.type.matcher.v3.IPMatcher`,
          range_matchers: [
            {
              ranges: [{ address_prefix: '10.96.0.1', prefix_len: 32 }],
              on_match: { action: chainAction('http') },
            },
          ],
        },
      },
    },
    on_no_match: { action: chainAction('tcp') },
  },
  filter_chains: [
    { name: 'http', filters: [connectionManager(routeConfiguration)] },
    {
      name: 'tcp',
      filters: [
        {
          name: 'envoy.filters.network.tcp_proxy',
          typed_config: {
            '@type': `${type}/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`,
            stat_prefix: 'tcp',
            cluster: 'x',
          },
        },
      ],
    },
  ],
} satisfies EnvoyMessage;

function chainAction(name: string): EnvoyMessage {
  return { name, typed_config: { '@type': `${type}/google.protobuf.StringValue`, value: name } };
}

function connectionManager(routes: EnvoyMessage, filters: readonly EnvoyMessage[] = []): EnvoyMessage {
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': `${type}/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: 'http',
      early_header_mutation_extensions: [
        {
          name: 'envoy.http.early_header_mutation.header_mutation',
          typed_config: {
            '@type': `${type}/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation`,
            mutations: [
              {
                append: {
                  header: { key: 'x-dst', value: '%DOWNSTREAM_LOCAL_ADDRESS%' },
                  append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
                },
              },
            ],
          },
        },
      ],
      http_filters: [
        ...filters,
        ...['fault.v3.HTTPFault', 'router.v3.Router'].map((filter) => ({
          name: `envoy.filters.http.${filter.split('.')[0] ?? ''}`,
          typed_config: { '@type': `${type}/envoy.extensions.filters.http.${filter}` },
        })),
      ],
      route_config: routes,
    },
  };
}

/** A bootstrap that holds one resource where Envoy builds it at once. */
export function inBootstrap(resourceType: TypeUrl, message: EnvoyMessage): EnvoyMessage {
  switch (resourceType) {
    case typeUrl.cluster:
      // A cluster from ADS needs a stream to exist, be it one that leads nowhere.
      return {
        node: { id: 'test', cluster: 'test' },
        dynamic_resources: {
          ads_config: { api_type: 'DELTA_GRPC', grpc_services: [{ envoy_grpc: { cluster_name: 'ads' } }] },
        },
        static_resources: {
          clusters: [message, { name: 'ads', type: 'STATIC', http2_protocol_options: {} }],
        },
      };
    case typeUrl.endpoint:
      return { static_resources: { clusters: [{ name: 'a', type: 'STATIC', load_assignment: message }] } };
    case typeUrl.listener:
      return { static_resources: { listeners: [message], clusters: [{ name: 'x', type: 'STATIC' }] } };
    case typeUrl.route:
      return inBootstrap(typeUrl.listener, {
        name: 'http',
        address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
        filter_chains: [{ filters: [connectionManager(message)] }],
      });
    case typeUrl.virtualHost:
      // As with VHDS, clusters may come later.
      return inBootstrap(typeUrl.route, { name: 'r', virtual_hosts: [message], validate_clusters: false });
    case typeUrl.secret:
      return { static_resources: { secrets: [message] } };
    case typeUrl.extensionConfig: {
      const routes = { name: 'r', virtual_hosts: [] };
      return inBootstrap(typeUrl.listener, {
        name: 'http',
        address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
        filter_chains: [{ filters: [connectionManager(routes, [message])] }],
      });
    }
    case typeUrl.runtime:
      return {
        layered_runtime: { layers: [{ name: message['name'] ?? '', static_layer: message['layer'] ?? {} }] },
      };
  }
}
