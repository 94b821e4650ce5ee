// MeshIr → Envoy resources, in layers that proxies share. Pure: equal meshes give equal resources, in every replica.
// Its parts know one kind of resource each; this file knows which layer they belong to.
import type { MeshIr, WorkloadIr } from '../../ir/mesh-ir.ts';
import type { ServicePortIr } from '../../ir/service.ts';
import { buildInboundClusters } from './inbound/clusters.ts';
import { buildInboundListeners, buildInboundRoutes } from './inbound/listeners.ts';
import { buildReadiness } from './inbound/readiness.ts';
import { buildAddressListeners } from './outbound/address-listeners.ts';
import { buildCaptureListener } from './outbound/capture-listener.ts';
import { buildClusters } from './outbound/clusters.ts';
import { buildEndpoints } from './outbound/endpoints.ts';
import { buildLocalListeners } from './outbound/local-listeners.ts';
import { buildRouteTable } from './outbound/route-table.ts';
import { buildUnknownDestinations } from './outbound/unknown-destinations.ts';
import { buildVirtualHost } from './outbound/virtual-hosts.ts';
import { sortResources } from './resource.ts';
import { buildTrust } from './trust.ts';
import type { LayerId, XdsResource, XdsResources } from './xds-resource.ts';

export interface BuildOptions {
  /** PEM of the roots that sidecars trust, concatenated. */
  readonly trustBundle: string;
}

/** What every proxy has. */
const shared: LayerId = 'shared';
/** What only proxies have to which traffic is redirected. */
const intercepted: LayerId = 'intercepted';
/** What only proxies have that route HTTP calls. */
const routes: LayerId = 'routes';

export function buildResources(ir: MeshIr, options: BuildOptions): XdsResources {
  const layers = new Map<LayerId, readonly XdsResource[]>([
    [shared, sortResources(buildShared(ir, options))],
    [routes, sortResources(buildRoutes(ir))],
    [intercepted, sortResources([buildCaptureListener(ir), ...buildAddressListeners(ir.services)])],
    ...ir.workloads.map(
      (workload) => [workloadLayer(workload), sortResources(buildWorkload(ir, workload))] as const,
    ),
  ]);
  const views = new Map(ir.workloads.map((workload) => [workload.key, view(workload)]));
  return { layers, views };
}

function view(workload: WorkloadIr): readonly LayerId[] {
  const routesCalls = workload.intercepted || workload.bindings.some(({ protocol }) => protocol === 'HTTP');
  return [
    shared,
    ...(routesCalls ? [routes] : []),
    ...(workload.intercepted ? [intercepted] : []),
    workloadLayer(workload),
  ];
}

function workloadLayer(workload: WorkloadIr): LayerId {
  return `workload/${workload.key}`;
}

function buildShared(ir: MeshIr, { trustBundle }: BuildOptions): readonly XdsResource[] {
  return [
    buildTrust(trustBundle, ir.settings.origin),
    ...buildUnknownDestinations(ir.settings.origin),
    ...ir.services.flatMap(buildService),
  ];
}

function buildService(service: ServicePortIr): readonly XdsResource[] {
  return [...buildClusters(service), ...buildEndpoints(service)];
}

function buildWorkload(ir: MeshIr, workload: WorkloadIr): readonly XdsResource[] {
  const mesh = ir.settings.origin;
  return [
    ...buildInboundClusters(workload, mesh),
    ...buildInboundListeners(workload, mesh),
    ...buildInboundRoutes(workload, mesh),
    ...(workload.intercepted ? [buildReadiness(workload, mesh)] : buildLocalListeners(workload, mesh)),
  ];
}

function buildRoutes(ir: MeshIr): readonly XdsResource[] {
  return [
    buildRouteTable(ir.settings),
    ...ir.services.filter(({ protocol }) => protocol === 'HTTP').map(buildVirtualHost),
  ];
}
