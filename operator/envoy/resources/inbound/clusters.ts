// From the sidecar to its application.
import type { InboundPortIr } from '../../../ir/inbound.ts';
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import type { Origin } from '../../../ir/origin.ts';
import { duration } from '../../proto/well-known.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { hasIpv6 } from '../any-address.ts';
import { resource } from '../resource.ts';
import { overAds } from '../typed-config.ts';
import { connectTimeoutMs, noLimits, sameProtocol } from '../upstream.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { XdsResource } from '../xds-resource.ts';
import { admissionMetadata, type KnownPeers } from './tcp-admission.ts';

/** Intercepted: wherever the connection was going, in this pod. */
export const interceptedCluster = 'inbound';

export function applicationCluster(port: number): string {
  return `inbound/${port}`;
}

/** To which cluster a port's bytes or requests go. */
export function clusterOf({ intercepted }: Pick<WorkloadIr, 'intercepted'>, port: InboundPortIr): string {
  return intercepted && port.protocol === 'HTTP' ? interceptedCluster : applicationCluster(port.port);
}

export function buildInboundClusters(workload: WorkloadIr, mesh: Origin): readonly XdsResource[] {
  const tcp = workload.inbound
    .filter((port) => port.protocol === 'TCP' && addressesOf(workload, port).length > 0)
    .map((port) => connectionCluster(workload, port, mesh));
  if (workload.intercepted) return [interceptedApplication(workload, [mesh, ...workload.origins]), ...tcp];
  const http = workload.inbound.flatMap((port) =>
    port.application === null || port.protocol === 'TCP'
      ? []
      : [application(port.port, port.application, [mesh, ...port.origins])],
  );
  return [...http, ...tcp];
}

/** Where connections to a TCP port are passed on: one place, of which it is said who may be connected to it. */
export function buildInboundEndpoints(
  workload: WorkloadIr,
  mesh: Origin,
  known: KnownPeers,
): readonly XdsResource[] {
  return workload.inbound
    .filter(({ protocol }) => protocol === 'TCP')
    .flatMap((port) => {
      const [first, ...others] = addressesOf(workload, port);
      if (first === undefined) return [];
      const cluster_name = applicationCluster(port.port);
      const additional = others.map((address) => ({ address }));
      const endpoint = { address: first, ...(others.length > 0 && { additional_addresses: additional }) };
      const metadata = admissionMetadata(port, known);
      return resource(typeUrl.endpoint, {
        name: cluster_name,
        message: { cluster_name, endpoints: [{ lb_endpoints: [{ endpoint, metadata }] }] },
        origins: [mesh, ...port.origins],
      });
    });
}

/** Intercepted: the addresses of the pod, the first of which that answers is taken. */
function addressesOf(workload: WorkloadIr, port: InboundPortIr): readonly EnvoyMessage[] {
  if (!workload.intercepted) return port.application === null ? [] : [socketAddress(port.application)];
  return workload.addresses.map((address) => socketAddress({ address, port: port.port }));
}

function socketAddress({ address, port }: { readonly address: string; readonly port: number }): EnvoyMessage {
  return { socket_address: { address, port_value: port } };
}

function connectionCluster(workload: WorkloadIr, port: InboundPortIr, mesh: Origin): XdsResource {
  return cluster([mesh, ...port.origins], {
    name: applicationCluster(port.port),
    type: 'EDS',
    eds_cluster_config: { eds_config: overAds },
    ...(workload.intercepted && { upstream_bind_config: ownAddresses(workload) }),
  });
}

/**
 * Addresses by which the pod's redirection rules tell the sidecar's connections to the application from the
 * application's connections to the sidecar. With IPv6 a pod has but one loopback address.
 */
function ownAddresses(workload: WorkloadIr): EnvoyMessage {
  return {
    source_address: { address: '127.0.0.6', port_value: 0 },
    ...(hasIpv6(workload) && { extra_source_addresses: [{ address: { address: '::1', port_value: 0 } }] }),
  };
}

function interceptedApplication(workload: WorkloadIr, origins: readonly Origin[]): XdsResource {
  return cluster(origins, {
    name: interceptedCluster,
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
    upstream_bind_config: ownAddresses(workload),
  });
}

function application(
  port: number,
  target: NonNullable<InboundPortIr['application']>,
  origins: readonly Origin[],
): XdsResource {
  const name = applicationCluster(port);
  const address = socketAddress(target);
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
