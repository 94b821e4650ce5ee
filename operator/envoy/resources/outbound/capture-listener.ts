// The listener to which intercepted connections come: an IP trie picks the connection manager for addresses of HTTP
// services; everything else goes on unread to where it was going. It changes, in place and without a drain, only
// with the set of HTTP addresses, and once when the first pod with an IPv6 address comes.
import type { MeshIr } from '../../../ir/mesh-ir.ts';
import type { Origin } from '../../../ir/origin.ts';
import type { ServicePortIr } from '../../../ir/service.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { refusedConnectionLog } from '../access-log.ts';
import { anyAddress, anyAddressKeys, hasIpv6 } from '../any-address.ts';
import { blackholeCluster, passthroughCluster, port } from '../names.ts';
import { rememberItems, rememberLast, sameItems } from '../../../values/remember.ts';
import { unknownDestinationsKey } from '../runtime.ts';
import { endsByRuntime } from '../runtime-admission.ts';
import { distinct, resource } from '../resource.ts';
import { tcpProxy } from '../tcp-proxy.ts';
import { any, extension } from '../typed-config.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { XdsResource } from '../xds-resource.ts';
import { addressedDestination, outboundHttp } from './connection-manager.ts';

/** Remembers: the same object as before as long as neither addresses nor the objects they come from changed. */
export function createCaptureListener(): (ir: MeshIr) => XdsResource {
  const places = rememberItems(placesOf);
  const isDualStack = rememberLast((workloads: MeshIr['workloads']) => workloads.some(hasIpv6));
  let last: { readonly key: readonly string[]; readonly listener: XdsResource } | null = null;
  return (ir) => {
    const all = places(ir.services).flat();
    const ipv6 = isDualStack(ir.workloads);
    const { outboundMode, origin } = ir.settings;
    const key = [JSON.stringify([outboundMode, origin, ipv6]), ...all.map((it) => it.key)];
    if (last === null || !sameItems(last.key, key)) {
      const addresses = distinct(all.flatMap((it) => it.addresses));
      const origins = all.flatMap((it) => it.origins);
      last = { key, listener: captureListener(ir, { addresses, origins, ipv6 }) };
    }
    return last.listener;
  };
}

interface Place {
  readonly addresses: readonly string[];
  readonly origins: readonly Origin[];
  /** Equal for equal places. */
  readonly key: string;
}

/** Of a service only that it has these addresses: its endpoints and routes are none of this listener's. */
function placesOf(service: ServicePortIr): readonly Place[] {
  if (!isHttpWithAddress(service)) return [];
  const { addresses } = service;
  const origins = service.origins.filter(({ kind }) => kind === 'Service');
  return [{ addresses, origins, key: JSON.stringify([addresses, origins]) }];
}

function captureListener(
  ir: MeshIr,
  { addresses, origins, ipv6 }: Omit<Place, 'key'> & { readonly ipv6: boolean },
): XdsResource {
  const unknown = ir.settings.outboundMode === 'AllowAny' ? passthroughCluster : blackholeCluster;
  return resource(typeUrl.listener, {
    name: 'outbound',
    message: {
      name: 'outbound',
      ...anyAddress(port.outbound, ipv6),
      // Hands the connection to the listener whose address is the original destination, if there is one.
      use_original_dst: true,
      traffic_direction: 'OUTBOUND',
      bypass_overload_manager: true,
      access_log: [refusedConnectionLog('outbound')],
      filter_chain_matcher: chooseByAddress(addresses),
      filter_chains: [
        {
          name: 'http',
          filters: [outboundHttp({ statPrefix: 'outbound', destination: addressedDestination })],
        },
        unknownChain(unknown),
        tcpChain('closed', blackholeCluster),
      ],
    },
    origins: [ir.settings.origin, ...origins],
    clusters: [unknown, blackholeCluster],
    exclusiveKeys: anyAddressKeys(port.outbound, ipv6),
  });
}

/** Connections that exist when the mode becomes RegistryOnly end at their next byte. */
function unknownChain(cluster: string): EnvoyMessage {
  const passOn = tcpProxy({ vantage: 'outbound', statPrefix: 'outbound_tcp', cluster });
  return { name: 'tcp', filters: [endsByRuntime('outbound_unknown', unknownDestinationsKey), passOn] };
}

function tcpChain(name: string, cluster: string): EnvoyMessage {
  return { name, filters: [tcpProxy({ vantage: 'outbound', statPrefix: 'outbound_tcp', cluster })] };
}

function isHttpWithAddress(service: ServicePortIr): boolean {
  return service.protocol === 'HTTP' && !service.headless && service.addresses.length > 0;
}

/**
 * No rule redirects a connection to a loopback address: it was made to the sidecar itself, and to send it where it was going
 * would bring it back here, for ever.
 */
const toItself = {
  ranges: [
    { address_prefix: '127.0.0.0', prefix_len: 8 },
    { address_prefix: '::1', prefix_len: 128 },
  ],
  on_match: filterChain('closed'),
};

function chooseByAddress(addresses: readonly string[]): EnvoyMessage {
  const services = { ranges: addresses.map(hostRange), on_match: filterChain('http') };
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
    on_no_match: filterChain('tcp'),
  };
}

function hostRange(address: string): EnvoyMessage {
  return { address_prefix: address, prefix_len: address.includes(':') ? 128 : 32 };
}

function filterChain(name: string): EnvoyMessage {
  return { action: { name, typed_config: any('google.protobuf.StringValue', { value: name }) } };
}
