// Intercepted only: a listener for each address that the trie of the capture listener cannot tell: declared TCP ports,
// and the endpoints of headless services, which are addressed one by one. They are bound to nothing: the capture
// listener hands connections over to them. Two services may want the same address: the first by key has it.
import type { EndpointIr, ServicePortIr } from '../../../ir/service.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { refusedConnectionLog } from '../access-log.ts';
import { authority, clusterName, serviceHost } from '../names.ts';
import type { ListenerLogs } from '../named-logs.ts';
import { rememberItems } from '../../../values/remember.ts';
import { resource } from '../resource.ts';
import { tcpProxy } from '../tcp-proxy.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { XdsResource } from '../xds-resource.ts';
import { outboundHttp } from './connection-manager.ts';
import { chooseCluster, readsServerName } from './connection-routes.ts';
import { byAddress } from './endpoints.ts';
import { outbound } from '../vantage.ts';

type Address = Pick<EndpointIr, 'address' | 'port'>;

/** Takes services sorted by key. Remembers: a service that did not change gives the same objects. */
export function createAddressListeners(): (
  services: readonly ServicePortIr[],
  named: ListenerLogs,
) => readonly XdsResource[] {
  const listenersOf = rememberItems((service: ServicePortIr, named: ListenerLogs) =>
    ownAddresses(service).map((address) =>
      addressListener(`outbound/${address.address}/${address.port}`, service, address, named),
    ),
  );
  return (services, named) => {
    const byName = new Map<string, XdsResource>();
    for (const listener of listenersOf(services, named).flat()) {
      if (!byName.has(listener.name)) byName.set(listener.name, listener);
    }
    return [...byName.values()];
  };
}

function ownAddresses(service: ServicePortIr): readonly Address[] {
  if (service.headless) return service.directAddresses;
  if (service.protocol === 'HTTP') return [];
  return service.addresses.map((address) => ({ address, port: service.port }));
}

function addressListener(
  name: string,
  service: ServicePortIr,
  address: Address,
  named: ListenerLogs,
): XdsResource {
  return resource(typeUrl.listener, {
    name,
    message: {
      name,
      address: { socket_address: { address: address.address, port_value: address.port } },
      bind_to_port: false,
      traffic_direction: 'OUTBOUND',
      access_log: [refusedConnectionLog('outbound')],
      ...(service.carries === 'TLS' && readsServerName),
      filter_chains: [
        { filters: toService(service, named, service.headless ? byAddress(address) : undefined) },
      ],
    },
    origins: service.protocol === 'HTTP' ? [...service.origins, ...named.origins] : service.origins,
    clusters: service.protocol === 'TCP' ? [clusterName(service.key, null)] : [],
    exclusiveKeys: [authority(address.address, address.port)],
  });
}

function toService(
  service: ServicePortIr,
  named: ListenerLogs,
  endpoint: EnvoyMessage | undefined,
): readonly EnvoyMessage[] {
  const chosen = endpoint && { endpoint };
  if (service.protocol === 'HTTP') {
    const destination = serviceHost(service.key);
    return [outboundHttp({ statPrefix: 'outbound', destination, named, ...chosen })];
  }
  const cluster = clusterName(service.key, null);
  return [
    chooseCluster(service.key),
    tcpProxy({ seen: outbound, statPrefix: 'outbound_tcp', cluster, ...chosen }),
  ];
}
