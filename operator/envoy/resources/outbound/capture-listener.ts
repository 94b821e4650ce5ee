// The listener to which intercepted connections come: an IP trie picks the connection manager for addresses of HTTP
// services; everything else goes on unread to where it was going, except to ports of the allow list, which have a listener each. They
// change, in place and without a drain, only with the set of HTTP addresses, and once when the first pod with an IPv6 address comes.
import type { MeshIr } from '../../../ir/mesh-ir.ts';
import { egressListener, egressPorts } from '../egress/listeners.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { refusedConnectionLog } from '../access-log.ts';
import { anyAddress, anyAddressKeys, hasIpv6 } from '../any-address.ts';
import { blackholeCluster, port } from '../names.ts';
import type { ListenerLogs } from '../named-logs.ts';
import { rememberItems, rememberLast, sameItems } from '../../../values/remember.ts';
import { distinct, resource } from '../resource.ts';
import type { XdsResource } from '../xds-resource.ts';
import { addressedDestination, outboundHttp } from './connection-manager.ts';
import { closedChain, type KnownAddresses, knownAddresses, placesOf, takeChain } from './known-addresses.ts';
import { unknownCluster, unknownFilters } from './unknown-destinations.ts';

/** Remembers: the same objects as before as long as neither addresses nor the objects they come from changed. */
export function createCaptureListeners(): (ir: MeshIr, named: ListenerLogs) => readonly XdsResource[] {
  const places = rememberItems(placesOf);
  const isDualStack = rememberLast((workloads: MeshIr['workloads']) => workloads.some(hasIpv6));
  let last: { readonly key: readonly string[]; readonly listeners: readonly XdsResource[] } | null = null;
  return (ir, named) => {
    const all = places(ir.services).flat();
    const ipv6 = isDualStack(ir.workloads);
    const { outboundMode, origin } = ir.settings;
    const ports = egressPorts(ir.settings);
    const key = [JSON.stringify([outboundMode, ports, origin, ipv6, named]), ...all.map((it) => it.key)];
    if (last === null || !sameItems(last.key, key)) {
      const addresses = distinct(all.flatMap((it) => it.addresses));
      const known = { addresses, origins: all.flatMap((it) => it.origins), ipv6, named };
      const egress = ports.map((one) => egressListener(one, known, ir.settings));
      last = { key, listeners: [captureListener(ir, known), ...egress] };
    }
    return last.listeners;
  };
}

function captureListener(ir: MeshIr, { addresses, origins, ipv6, named }: KnownAddresses): XdsResource {
  const { outboundMode, origin } = ir.settings;
  return resource(typeUrl.listener, {
    name: 'outbound',
    message: {
      name: 'outbound',
      ...anyAddress(port.outbound, ipv6),
      // Hands the connection to the listener whose address is the original destination, or whose port it is, if there is one.
      use_original_dst: true,
      traffic_direction: 'OUTBOUND',
      bypass_overload_manager: true,
      access_log: [refusedConnectionLog('outbound')],
      filter_chain_matcher: knownAddresses(addresses, takeChain('tcp')),
      filter_chains: [
        {
          name: 'http',
          filters: [outboundHttp({ statPrefix: 'outbound', destination: addressedDestination, named })],
        },
        { name: 'tcp', filters: unknownFilters(outboundMode) },
        closedChain,
      ],
    },
    origins: [origin, ...origins],
    clusters: [unknownCluster(outboundMode), blackholeCluster],
    exclusiveKeys: anyAddressKeys(port.outbound, ipv6),
  });
}
