// Where peers connect: one listener for all ports where traffic is redirected, else one for each port.
import type { InboundPortIr } from '../../../ir/inbound.ts';
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import type { Origin } from '../../../ir/origin.ts';
import { duration } from '../../proto/well-known.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { refusedConnectionLog } from '../access-log.ts';
import { anyAddress, anyAddressKeys, type BoundAddresses, hasIpv6 } from '../any-address.ts';
import type { ListenerLogs } from '../named-logs.ts';
import { authority, blackholeCluster, port as fixedPort, sidecarPorts } from '../names.ts';
import { tcpKeepalive } from '../connection-timeouts.ts';
import { resource } from '../resource.ts';
import { refusedConnectionStats } from '../stats-log.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { XdsResource } from '../xds-resource.ts';
import { applicationCluster, clusterOf, interceptedCluster } from './clusters.ts';
import { filterChains, sidecarPortChains } from './filter-chains.ts';
import {
  inspectorsFor,
  inspectorsOf,
  listenerFilterTimeout,
  originalDestination,
  others as otherPorts,
} from './listener-filters.ts';
import { inboundRouteTables } from './route-tables.ts';

export function buildInboundListeners(
  workload: WorkloadIr,
  mesh: Origin,
  named: ListenerLogs,
): readonly XdsResource[] {
  if (workload.intercepted) return [interceptedListener(workload, mesh, named)];
  return workload.inbound.flatMap((port) =>
    port.listenAddress === null ? [] : [portListener({ ...port, named }, port.listenAddress, mesh)],
  );
}

function portListener(
  port: InboundPortIr & { readonly named: ListenerLogs },
  listenAddress: string,
  mesh: Origin,
): XdsResource {
  const cluster = applicationCluster(port.port);
  return listener({
    name: `inbound/${listenAddress}/${port.port}`,
    bound: { address: { socket_address: { address: listenAddress, port_value: port.port } } },
    exclusiveKeys: [authority(listenAddress, port.port)],
    listenerFilters: inspectorsOf(port),
    timeoutMs: listenerFilterTimeout(port),
    filterChains: filterChains({ ...port, label: String(port.port), cluster, destinationPort: null }),
    origins: [mesh, ...port.origins],
    clusters: [cluster],
  });
}

function interceptedListener(workload: WorkloadIr, mesh: Origin, named: ListenerLogs): XdsResource {
  const cluster = interceptedCluster;
  const ports = workload.inbound
    .filter(({ port }) => !sidecarPorts.includes(port))
    .flatMap((port) =>
      filterChains({
        ...port,
        label: String(port.port),
        cluster: clusterOf(workload, port),
        destinationPort: port.port,
        named,
      }),
    );
  const others = filterChains({
    ...workload.otherInbound,
    authentication: null,
    authorizers: [],
    protocol: 'any',
    probes: [],
    label: otherPorts,
    cluster,
    destinationPort: null,
    named,
    not: workload.inbound.filter(({ isOnlyNamed }) => isOnlyNamed === true).map(({ port }) => port),
  });
  return listener({
    name: 'inbound',
    bound: anyAddress(fixedPort.inbound, hasIpv6(workload)),
    exclusiveKeys: anyAddressKeys(fixedPort.inbound, hasIpv6(workload)),
    // As a filter, so that chains are matched by the port that was addressed and not by the listener's.
    listenerFilters: [originalDestination, ...inspectorsFor(workload)],
    timeoutMs: listenerFilterTimeout('any'),
    filterChains: [...ports, ...sidecarPortChains(), ...others],
    origins: [mesh, ...workload.origins, ...workload.inbound.flatMap(({ origins }) => origins)],
    clusters: [cluster, ...workload.inbound.map((port) => clusterOf(workload, port)), blackholeCluster],
  });
}

interface ListenerParts {
  readonly name: string;
  readonly bound: BoundAddresses;
  readonly exclusiveKeys: readonly string[];
  readonly listenerFilters: readonly EnvoyMessage[];
  readonly timeoutMs: number;
  readonly filterChains: readonly EnvoyMessage[];
  readonly origins: readonly Origin[];
  readonly clusters: readonly string[];
}

function listener(parts: ListenerParts): XdsResource {
  return resource(typeUrl.listener, {
    name: parts.name,
    message: {
      name: parts.name,
      ...parts.bound,
      traffic_direction: 'INBOUND',
      tcp_keepalive: tcpKeepalive,
      listener_filters: parts.listenerFilters,
      listener_filters_timeout: duration(parts.timeoutMs),
      continue_on_listener_filters_timeout: true,
      access_log: [refusedConnectionLog('inbound'), refusedConnectionStats],
      filter_chains: parts.filterChains,
    },
    origins: parts.origins,
    clusters: parts.clusters,
    exclusiveKeys: parts.exclusiveKeys,
  });
}

/** Of each HTTP port; they change when authorization does. */
export function buildInboundRoutes(workload: WorkloadIr, mesh: Origin): readonly XdsResource[] {
  return workload.inbound
    .filter((port) => port.protocol === 'HTTP' && (workload.intercepted || port.listenAddress !== null))
    .flatMap((port) => {
      const cluster = clusterOf(workload, port);
      const tables = inboundRouteTables({ ...port, label: String(port.port), cluster });
      const origins = [mesh, ...port.origins, ...(port.limits?.origins ?? [])];
      return tables.map((table) => resource(typeUrl.route, { ...table, origins }));
    });
}
