// From the sidecar to its application.
import type { InboundPortIr } from '../../../ir/inbound.ts';
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import type { Origin } from '../../../ir/origin.ts';
import { duration } from '../../proto/well-known.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { hasIpv6 } from '../any-address.ts';
import { resource } from '../resource.ts';
import { connectTimeoutMs, noLimits, sameProtocol } from '../upstream.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { XdsResource } from '../xds-resource.ts';

/** Intercepted: wherever the connection was going, in this pod. */
export const interceptedCluster = 'inbound';

export function applicationCluster(port: number): string {
  return `inbound/${port}`;
}

export function buildInboundClusters(workload: WorkloadIr, mesh: Origin): readonly XdsResource[] {
  if (workload.intercepted) return [interceptedApplication(workload, [mesh, ...workload.origins])];
  return workload.inbound.flatMap((port) =>
    port.application === null ? [] : [application(port.port, port.application, [mesh, ...port.origins])],
  );
}

/**
 * From an address by which the pod's redirection rules tell the sidecar's connections to the application from the
 * application's connections to the sidecar. With IPv6 a pod has but one loopback address.
 */
function interceptedApplication(workload: WorkloadIr, origins: readonly Origin[]): XdsResource {
  return cluster(origins, {
    name: interceptedCluster,
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
    upstream_bind_config: {
      source_address: { address: '127.0.0.6', port_value: 0 },
      ...(hasIpv6(workload) && { extra_source_addresses: [{ address: { address: '::1', port_value: 0 } }] }),
    },
  });
}

function application(
  port: number,
  target: NonNullable<InboundPortIr['application']>,
  origins: readonly Origin[],
): XdsResource {
  const name = applicationCluster(port);
  const address = { socket_address: { address: target.address, port_value: target.port } };
  return cluster(origins, {
    name,
    type: 'STATIC',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  });
}

function cluster(origins: readonly Origin[], message: EnvoyMessage & { readonly name: string }): XdsResource {
  return resource(typeUrl.cluster, {
    name: message.name,
    message: {
      ...message,
      connect_timeout: duration(connectTimeoutMs),
      circuit_breakers: noLimits,
      typed_extension_protocol_options: sameProtocol,
    },
    origins,
  });
}
