// Where calls to allowed hosts go: to the addresses of the name that the call itself says, as the sidecar resolves it. Which address the
// application connected to does not count: a name that is allowed must not lead anywhere else.
// @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/dynamic_forward_proxy_filter
import type { Origin } from '../../../ir/origin.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { duration } from '../../proto/well-known.ts';
import { tcpKeepalive } from '../connection-timeouts.ts';
import { egressCluster } from '../names.ts';
import { resource } from '../resource.ts';
import { extension } from '../typed-config.ts';
import { connectTimeoutMs, httpOptions, noLimits } from '../upstream.ts';
import type { XdsResource } from '../xds-resource.ts';

/** What a name outside of the cluster never is, and an attacker's could say: the pod itself, and the metadata service of its cloud. */
const localNetworks = [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['::', 127],
  ['::ffff:0.0.0.0', 96],
  ['fe80::', 10],
  // Metadata services of clouds that are not link-local, and what a translator of addresses (NAT64) would take for 127.0.0.0/8 and 169.254.0.0/16.
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['fd00:ec2::254', 128],
  ['fd20:ce::254', 128],
  ['fd00:c1::a9fe:a9fe', 128],
  ['fd00:42::42', 128],
  ['64:ff9b::7f00:0', 104],
  ['64:ff9b::a9fe:0', 112],
] as const;

/** Names are resolved when they are called, and forgotten when nobody has called them for a while: no sidecar asks for a list of names for ever. */
export const dnsCache: EnvoyMessage = {
  name: 'egress',
  dns_lookup_family: 'ALL',
  // Names of wildcards are the application's to invent.
  max_hosts: 1024,
  host_ttl: duration(300_000),
  dns_refresh_rate: duration(60_000),
  dns_failure_refresh_rate: { base_interval: duration(1_000), max_interval: duration(10_000) },
  resolved_address_filter: {
    ranges: localNetworks.map(([address_prefix, prefix_len]) => ({ address_prefix, prefix_len })),
  },
  typed_dns_resolver_config: extension(
    'envoy.network.dns_resolver.cares',
    'envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig',
    {
      // Not below the domains of the cluster: every name with less than five dots would be looked for there first.
      dns_resolver_options: { no_default_search_domain: true },
    },
  ),
};

export function buildEgressCluster(mesh: Origin): XdsResource {
  return resource(typeUrl.cluster, {
    name: egressCluster,
    message: byName(egressCluster, httpOptions({}, checkedByHost)),
    origins: [mesh],
  });
}

/** Envoy takes no such cluster without, unless it is told that its TLS is checked otherwise. */
const checkedByHost = { upstream_http_protocol_options: { auto_sni: true, auto_san_validation: true } };

/** A cluster that connects to the name that a call is for. */
export function byName(name: string, protocol: EnvoyMessage, more: EnvoyMessage = {}): EnvoyMessage {
  return {
    name,
    cluster_type: extension(
      'envoy.clusters.dynamic_forward_proxy',
      'envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig',
      { dns_cache_config: dnsCache, ...more },
    ),
    lb_policy: 'CLUSTER_PROVIDED',
    connect_timeout: duration(connectTimeoutMs),
    circuit_breakers: noLimits,
    upstream_connection_options: { tcp_keepalive: tcpKeepalive },
    typed_extension_protocol_options: protocol,
  };
}
