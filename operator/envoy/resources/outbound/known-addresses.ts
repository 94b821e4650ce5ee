// Which filter chain takes a redirected connection: by address, whether it belongs to an HTTP service of the mesh. An IP trie, which changes
// in place and without a drain, and only with the set of these addresses.
import type { Origin } from '../../../ir/origin.ts';
import type { ServicePortIr } from '../../../ir/service.ts';
import { blackholeCluster } from '../names.ts';
import { tcpProxy } from '../tcp-proxy.ts';
import { any, extension } from '../typed-config.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { ListenerLogs } from '../named-logs.ts';
import { outbound } from '../vantage.ts';

export interface KnownAddresses {
  /** Of HTTP services. */
  readonly addresses: readonly string[];
  readonly origins: readonly Origin[];
  /** Whether workloads have IPv6 addresses. */
  readonly ipv6: boolean;
  /** Access logs that the Mesh asks for. */
  readonly named: ListenerLogs;
}

export interface Place extends Omit<KnownAddresses, 'ipv6' | 'named'> {
  /** Equal for equal places. */
  readonly key: string;
}

/** Of a service only that it has these addresses: its endpoints and routes are no listener's. */
export function placesOf(service: ServicePortIr): readonly Place[] {
  if (!isHttpWithAddress(service)) return [];
  const { addresses } = service;
  const origins = service.origins.filter(({ kind }) => kind === 'Service');
  return [{ addresses, origins, key: JSON.stringify([addresses, origins]) }];
}

function isHttpWithAddress(service: ServicePortIr): boolean {
  return service.protocol === 'HTTP' && !service.headless && service.addresses.length > 0;
}

/** Ends what was made to the sidecar itself. */
export const closedChain: EnvoyMessage = {
  name: 'closed',
  filters: [tcpProxy({ seen: outbound, statPrefix: 'outbound_tcp', cluster: blackholeCluster })],
};

/**
 * No rule redirects a connection to a loopback address: it was made to the sidecar itself, and to send it where it was going
 * would bring it back here, for ever.
 */
const toItself = {
  ranges: [
    { address_prefix: '127.0.0.0', prefix_len: 8 },
    { address_prefix: '::1', prefix_len: 128 },
  ],
  on_match: takeChain('closed'),
};

/** Of a listener with the chains http and closed. otherwise: what takes connections to other addresses. */
export function knownAddresses(addresses: readonly string[], otherwise: EnvoyMessage): EnvoyMessage {
  const services = { ranges: addresses.map(hostRange), on_match: takeChain('http') };
  return {
    matcher_tree: {
      input: extension(
        'destination-ip',
        'envoy.extensions.matching.common_inputs.network.v3.DestinationIPInput',
      ),
      custom_match: extension(
        'envoy.matching.custom_matchers.trie_matcher',
        'xds.type.matcher.v3.IPMatcher',
        { range_matchers: addresses.length === 0 ? [toItself] : [services, toItself] },
      ),
    },
    on_no_match: otherwise,
  };
}

function hostRange(address: string): EnvoyMessage {
  return { address_prefix: address, prefix_len: address.includes(':') ? 128 : 32 };
}

export function takeChain(name: string): EnvoyMessage {
  return { action: { name, typed_config: any('google.protobuf.StringValue', { value: name }) } };
}
