// Not intercepted only: a listener for each binding, where the application of this workload reaches a service.
// Which service is a fact of the listener: it writes the service's own name where interception writes the address.
import type { BindingIr, WorkloadIr } from '../../../ir/mesh-ir.ts';
import type { Origin } from '../../../ir/origin.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { refusedConnectionLog } from '../access-log.ts';
import { authority, clusterName, serviceHost } from '../names.ts';
import type { ListenerLogs } from '../named-logs.ts';
import { resource } from '../resource.ts';
import { tcpProxy } from '../tcp-proxy.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { XdsResource } from '../xds-resource.ts';
import { chooseCluster, readsServerName } from './connection-routes.ts';
import { outboundHttp } from './connection-manager.ts';
import { outbound } from '../vantage.ts';

export function buildLocalListeners(
  workload: WorkloadIr,
  mesh: Origin,
  named: ListenerLogs,
): readonly XdsResource[] {
  return workload.bindings.map((binding) => localListener(binding, [mesh, ...workload.origins], named));
}

function localListener(binding: BindingIr, origins: readonly Origin[], named: ListenerLogs): XdsResource {
  const name = `local/${binding.address}/${binding.port}`;
  return resource(typeUrl.listener, {
    name,
    message: {
      name,
      address: { socket_address: { address: binding.address, port_value: binding.port } },
      traffic_direction: 'OUTBOUND',
      bypass_overload_manager: true,
      access_log: [refusedConnectionLog('outbound')],
      ...(binding.protocol === 'TLS' && readsServerName),
      filter_chains: [{ filters: toService(binding, named) }],
    },
    origins,
    clusters: binding.protocol === 'HTTP' ? [] : [clusterName(binding.service, null)],
    exclusiveKeys: [authority(binding.address, binding.port)],
  });
}

function toService({ protocol, service }: BindingIr, named: ListenerLogs): readonly EnvoyMessage[] {
  if (protocol === 'HTTP') {
    return [outboundHttp({ statPrefix: 'outbound', destination: serviceHost(service), named })];
  }
  const cluster = clusterName(service, null);
  return [chooseCluster(service), tcpProxy({ seen: outbound, statPrefix: 'outbound_tcp', cluster })];
}
