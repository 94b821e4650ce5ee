// Messages on which our checks and a real Envoy must agree, each put in a bootstrap by inBootstrap.
import { typeUrl, type TypeUrl } from '../../../operator/envoy/proto/type-urls.ts';
import { duration } from '../../../operator/envoy/proto/well-known.ts';
import type { EnvoyMessage } from '../../../operator/envoy/proto/envoy-message.ts';
import { cluster, listener, loadAssignment, routeConfiguration, virtualHost } from './sample-messages.ts';

const socketAddress = (address: string, port: number): EnvoyMessage => ({
  address: { socket_address: { address, port_value: port } },
});

function hostWith(route: EnvoyMessage, more: EnvoyMessage = {}): EnvoyMessage {
  return {
    name: 'a',
    domains: ['a'],
    routes: [{ match: { prefix: '/' }, route: { cluster: 'x' }, ...route }],
    ...more,
  };
}

const plainCluster = (more: EnvoyMessage): EnvoyMessage => ({
  name: 'a',
  type: 'STATIC',
  connect_timeout: duration(1000),
  ...more,
});

function dnsEndpoints(): EnvoyMessage {
  const endpoint = { endpoint: socketAddress('localhost', 80) };
  return { cluster_name: 'a', endpoints: [{ lb_endpoints: [endpoint] }] };
}

function socketAddressOf(address: string): EnvoyMessage {
  return socketAddress(address, 0);
}

function endpointsAt(endpoint: EnvoyMessage, more: EnvoyMessage = {}): EnvoyMessage {
  return { cluster_name: 'a', endpoints: [{ lb_endpoints: [{ endpoint, ...more }] }] };
}

const tcpFilters = listener.filter_chains[1]?.filters ?? [];
const tcpListener = {
  name: 'a',
  ...socketAddressOf('127.0.0.1'),
  filter_chains: [{ name: 'a', filters: tcpFilters }],
};

/** A listener whose connections are counted by the stats logger. */
function countingListener(counter: EnvoyMessage): EnvoyMessage {
  const typed_config = {
    '@type': 'type.googleapis.com/envoy.extensions.access_loggers.stats.v3.Config',
    stats_scope: { prefix: 'mesh' },
    counters: [{ stat: { name: 'connections' }, ...counter }],
  };
  return { ...tcpListener, access_log: [{ name: 'envoy.access_loggers.stats', typed_config }] };
}

/** Name, type and message. */
export const goodMessages: readonly (readonly [string, TypeUrl, EnvoyMessage])[] = [
  ['an mTLS cluster', typeUrl.cluster, cluster],
  [
    'a cluster of a DNS name',
    typeUrl.cluster,
    plainCluster({ type: 'STRICT_DNS', load_assignment: dnsEndpoints() }),
  ],
  ['a cluster of the fewest words', typeUrl.cluster, plainCluster({})],
  ['one endpoint', typeUrl.endpoint, endpointsAt(socketAddress('10.0.0.1', 80))],
  ['a virtual host of one route', typeUrl.virtualHost, hostWith({})],
  ['a TCP listener', typeUrl.listener, tcpListener],
  ['a load assignment', typeUrl.endpoint, loadAssignment(10)],
  ['a virtual host', typeUrl.virtualHost, virtualHost],
  ['a route configuration by header', typeUrl.route, routeConfiguration],
  ['a listener that chooses its chain by IP trie', typeUrl.listener, listener],
  ['an IPv6 listener', typeUrl.listener, { ...tcpListener, ...socketAddressOf('::1') }],
  [
    'a regular expression of RE2',
    typeUrl.virtualHost,
    hostWith({ match: { safe_regex: { regex: '(?i)/a{2,3}\\d' } } }),
  ],
  [
    'a regular expression with the codes of bytes, and with what only looks like a code',
    typeUrl.virtualHost,
    hostWith({ match: { safe_regex: { regex: '\\x{ff}\\377\\Q\\x{10FFFF}\\E\\\\x{9}' } } }),
  ],
  ['a wildcard domain', typeUrl.virtualHost, hostWith({}, { domains: ['*'] })],
  ['a counter of fixed steps', typeUrl.listener, countingListener({ value_fixed: 1 })],
  ['a counter of bytes', typeUrl.listener, countingListener({ value_format: '%BYTES_SENT%' })],
];

/** Name, type, message, what our checks say, and words that Envoy's error has. */
export const brokenMessages: readonly (readonly [
  string,
  TypeUrl,
  EnvoyMessage,
  readonly string[],
  string,
])[] = [
  [
    'a cluster without a name',
    typeUrl.cluster,
    { type: 'STATIC' },
    ['name: must have at least 1 characters'],
    'ClusterValidationError.Name',
  ],
  [
    'a connect timeout of zero',
    typeUrl.cluster,
    plainCluster({ connect_timeout: duration(0) }),
    ['connect_timeout: must be greater than 0 s'],
    'ClusterValidationError.ConnectTimeout',
  ],
  [
    'a negative timeout',
    typeUrl.virtualHost,
    hostWith({ route: { cluster: 'x', timeout: duration(-1000) } }),
    ['routes[0].route.timeout: must not be negative'],
    'Expected positive duration',
  ],
  [
    'more nanoseconds than a second has',
    typeUrl.virtualHost,
    hostWith({ route: { cluster: 'x', timeout: { seconds: 0, nanos: 1_000_000_000 } } }),
    ['routes[0].route.timeout: nanos must be less than a second'],
    'Duration out-of-range',
  ],
  [
    'a port beyond the last',
    typeUrl.endpoint,
    endpointsAt(socketAddress('10.0.0.1', 70_000)),
    ['endpoints[0].lb_endpoints[0].endpoint.address.socket_address.port_value: must be at most 65535'],
    'SocketAddressValidationError.PortValue',
  ],
  [
    'a port by name',
    typeUrl.endpoint,
    endpointsAt({ address: { socket_address: { address: '10.0.0.1', named_port: 'http' } } }),
    [
      'endpoints[0].lb_endpoints[0].endpoint.address.socket_address.named_port: ports are given by number: set port_value',
    ],
    "IP resolver can't handle port specifier",
  ],
  [
    'an address without a port',
    typeUrl.endpoint,
    endpointsAt({ address: { socket_address: { address: '10.0.0.1' } } }),
    [
      'endpoints[0].lb_endpoints[0].endpoint.address.socket_address: one of port_value, named_port must be set',
    ],
    'field: "port_specifier", reason: is required',
  ],
  [
    'a host name where nothing resolves it',
    typeUrl.endpoint,
    endpointsAt(socketAddress('localhost', 80)),
    [
      'endpoints[0].lb_endpoints[0].endpoint.address.socket_address.address: "localhost" must be an IP address',
    ],
    'malformed IP address: localhost',
  ],
  [
    'an IP address with leading zeros',
    typeUrl.endpoint,
    endpointsAt(socketAddress('10.0.0.01', 80)),
    [
      'endpoints[0].lb_endpoints[0].endpoint.address.socket_address.address: "10.0.0.01" must be an IP address',
    ],
    'malformed IP address: 10.0.0.01',
  ],
  [
    'a counter of words',
    typeUrl.listener,
    countingListener({ value_format: 'bytes' }),
    [
      'access_log[0].typed_config.counters[0].value_format: must begin with %',
      'access_log[0].typed_config.counters[0].value_format: must end with %',
    ],
    'CounterValidationError.ValueFormat',
  ],
  [
    'a weight of zero',
    typeUrl.endpoint,
    endpointsAt(socketAddress('10.0.0.1', 80), { load_balancing_weight: 0 }),
    ['endpoints[0].lb_endpoints[0].load_balancing_weight: must be at least 1'],
    'LbEndpointValidationError.LoadBalancingWeight',
  ],
  [
    'a priority beyond the last',
    typeUrl.endpoint,
    { cluster_name: 'a', endpoints: [{ priority: 200 }] },
    ['endpoints[0].priority: must be at most 128'],
    'LocalityLbEndpointsValidationError.Priority',
  ],
  [
    'a virtual host without domains',
    typeUrl.virtualHost,
    hostWith({}, { domains: [] }),
    ['domains: must have at least 1 items'],
    'VirtualHostValidationError.Domains',
  ],
  [
    'a domain twice, in another case',
    typeUrl.virtualHost,
    hostWith({}, { domains: ['a.b', 'A.b'] }),
    ['domains: the domain a.b is there twice'],
    'Duplicate entry of domain a.b',
  ],
  [
    'a domain in two virtual hosts',
    typeUrl.route,
    { name: 'r', virtual_hosts: [hostWith({}), { ...hostWith({}), name: 'b' }] },
    ['virtual_hosts: the domain a is there twice'],
    'Duplicate entry of domain a in route r',
  ],
  [
    'a route without a match',
    typeUrl.virtualHost,
    hostWith({ match: null }),
    ['routes[0].match: must be set'],
    'RouteValidationError.Match',
  ],
  [
    'an empty match',
    typeUrl.virtualHost,
    hostWith({ match: {} }),
    [
      'routes[0].match: one of prefix, path, safe_regex, connect_matcher, path_separated_prefix, path_match_policy must be set',
    ],
    'field: "path_specifier", reason: is required',
  ],
  [
    'a route without an action',
    typeUrl.virtualHost,
    hostWith({ route: null }),
    ['routes[0]: one of route, redirect, direct_response, filter_action, non_forwarding_action must be set'],
    'field: "action", reason: is required',
  ],
  [
    'a regular expression with an open group',
    typeUrl.virtualHost,
    hostWith({ match: { safe_regex: { regex: '((' } } }),
    [
      'routes[0].match.safe_regex.regex: must be a regular expression in RE2 syntax (error parsing regexp: missing closing ): `((`)',
    ],
    'missing ): ((',
  ],
  [
    'a look-behind',
    typeUrl.virtualHost,
    hostWith({ match: { safe_regex: { regex: '(?<!a)b' } } }),
    [
      'routes[0].match.safe_regex.regex: must be a regular expression in RE2 syntax (error parsing regexp: invalid named capture: `(?<!a)b`)',
    ],
    'invalid perl operator: (?<!',
  ],
  [
    'a back-reference',
    typeUrl.virtualHost,
    hostWith({ match: { safe_regex: { regex: '(a)\\1' } } }),
    [
      'routes[0].match.safe_regex.regex: must be a regular expression in RE2 syntax (error parsing regexp: invalid escape sequence: `\\1`)',
    ],
    'invalid escape sequence: \\1',
  ],
  [
    'a repetition beyond RE2’s limit',
    typeUrl.virtualHost,
    hostWith({ match: { safe_regex: { regex: 'a{1001}' } } }),
    [
      'routes[0].match.safe_regex.regex: must be a regular expression in RE2 syntax (error parsing regexp: invalid repeat count: `{1001}`)',
    ],
    'invalid repetition size: {1001}',
  ],
  [
    'a regular expression with the code of a character that is no byte',
    typeUrl.virtualHost,
    hostWith({ match: { safe_regex: { regex: 'a|\\x{100}' } } }),
    [
      'routes[0].match.safe_regex.regex: must be a regular expression of bytes, as Envoy reads it: write the character itself instead of \\x{100}',
    ],
    'invalid escape sequence: \\x{100',
  ],
  [
    'a regular expression with a general category that only RE2JS has',
    typeUrl.virtualHost,
    hostWith({ match: { safe_regex: { regex: '\\p{LC}' } } }),
    [
      "routes[0].match.safe_regex.regex: must be a regular expression in RE2 syntax, and Envoy's RE2 does not have the character class \\p{LC}",
    ],
    'invalid character class range: \\p{LC}',
  ],
  [
    'a regular expression with a property that only RE2JS has',
    typeUrl.virtualHost,
    hostWith({ match: { safe_regex: { regex: '[a\\P{White_Space}]' } } }),
    [
      "routes[0].match.safe_regex.regex: must be a regular expression in RE2 syntax, and Envoy's RE2 does not have the character class \\P{White_Space}",
    ],
    'invalid character class range: \\P{White_Space}',
  ],
  [
    'a regular expression with a script that only RE2JS has',
    typeUrl.virtualHost,
    hostWith({ match: { safe_regex: { regex: '\\p{^Garay}' } } }),
    [
      "routes[0].match.safe_regex.regex: must be a regular expression in RE2 syntax, and Envoy's RE2 does not have the character class \\p{^Garay}",
    ],
    'invalid character class range: \\p{^Garay}',
  ],
  [
    'a prefix with a query where none may be',
    typeUrl.virtualHost,
    hostWith({ match: { path_separated_prefix: '/a?b' } }),
    ['routes[0].match.path_separated_prefix: must match ^[^?#]+[^?#/]$'],
    'RouteMatchValidationError.PathSeparatedPrefix',
  ],
  [
    'a header value with a line break',
    typeUrl.virtualHost,
    hostWith({ request_headers_to_add: [{ header: { key: 'x', value: 'a\nb' } }] }),
    ['routes[0].request_headers_to_add[0].header.value: must not hold a line break or a NUL character'],
    'HeaderValueValidationError.Value',
  ],
  [
    'a fault with a status that is none',
    typeUrl.virtualHost,
    hostWith({
      typed_per_filter_config: {
        'envoy.filters.http.fault': {
          '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
          abort: { http_status: 99, percentage: { numerator: 1 } },
        },
      },
    }),
    ['routes[0].typed_per_filter_config["envoy.filters.http.fault"].abort.http_status: must be at least 200'],
    'FaultAbortValidationError.HttpStatus',
  ],
  [
    'an address range of no address',
    typeUrl.listener,
    JSON.parse(JSON.stringify(listener).replace('"10.96.0.1"', '"x"')) as EnvoyMessage,
    [
      'filter_chain_matcher.matcher_tree.custom_match.typed_config.range_matchers[0].ranges[0].address_prefix: "x" must be an IP address',
    ],
    'malformed IP address: x',
  ],
  [
    'two filter chains of one name',
    typeUrl.listener,
    { ...listener, filter_chains: [{ name: 'tcp' }, { name: 'tcp' }] },
    ['filter_chains: the filter chain tcp is there twice'],
    "field is duplicated with value 'tcp'",
  ],
  [
    'a listener at a host name',
    typeUrl.listener,
    { name: 'a', ...socketAddressOf('localhost'), filter_chains: [] },
    ['address.socket_address.address: "localhost" must be an IP address'],
    'malformed IP address: localhost',
  ],
];
