// Not intercepted only: a listener for each binding, where the application of this workload reaches a service.
// Which service is a fact of the listener: it writes the service's own name where interception writes the address.
import type { BindingIr, WorkloadIr } from '../../../ir/mesh-ir.ts';
import type { Origin } from '../../../ir/origin.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { refusedConnectionLog } from '../access-log.ts';
import { authority, clusterName, serviceHost } from '../names.ts';
import { placeholderClusters } from '../placeholders.ts';
import { resource } from '../resource.ts';
import { tcpProxy } from '../tcp-proxy.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { XdsResource } from '../xds-resource.ts';
import { outboundHttp } from './connection-manager.ts';

export function buildLocalListeners(workload: WorkloadIr, mesh: Origin): readonly XdsResource[] {
  return workload.bindings.map((binding) => localListener(binding, [mesh, ...workload.origins]));
}

function localListener(binding: BindingIr, origins: readonly Origin[]): XdsResource {
  const name = `local/${binding.address}/${binding.port}`;
  return resource(typeUrl.listener, {
    name,
    message: {
      name,
      address: { socket_address: { address: binding.address, port_value: binding.port } },
      traffic_direction: 'OUTBOUND',
      access_log: [refusedConnectionLog('outbound')],
      filter_chains: [{ filters: [toService(binding)] }],
    },
    origins,
    clusters: binding.protocol === 'TCP' ? [clusterName(binding.service, null)] : placeholderClusters,
    exclusiveKeys: [authority(binding.address, binding.port)],
  });
}

function toService({ protocol, service }: BindingIr): EnvoyMessage {
  if (protocol === 'HTTP') {
    return outboundHttp({ statPrefix: 'outbound', destination: serviceHost(service) });
  }
  const cluster = clusterName(service, null);
  return tcpProxy({ vantage: 'outbound', statPrefix: 'outbound_tcp', cluster });
}
