// MeshIr → Envoy resources, in layers that proxies share. Pure: equal meshes give equal resources, in every replica.
// Its parts know one kind of resource each; this file knows which layer they belong to.
import type { MeshIr, WorkloadIr } from '../../ir/mesh-ir.ts';
import type { Origin } from '../../ir/origin.ts';
import type { ServicePortIr } from '../../ir/service.ts';
import { buildInboundClusters } from './inbound/clusters.ts';
import { buildInboundListeners, buildInboundRoutes } from './inbound/listeners.ts';
import { buildReadiness } from './inbound/readiness.ts';
import { buildAddressListeners } from './outbound/address-listeners.ts';
import { audienceLayer, audienceLayers, commonVirtualHosts, hasAudiences } from './outbound/audiences.ts';
import { buildCaptureListener } from './outbound/capture-listener.ts';
import { buildClusters } from './outbound/clusters.ts';
import { buildEndpoints } from './outbound/endpoints.ts';
import { buildLocalListeners } from './outbound/local-listeners.ts';
import { buildRouteTable } from './outbound/route-table.ts';
import { buildUnknownDestinations } from './outbound/unknown-destinations.ts';
import { remember, rememberLast } from './remember.ts';
import { buildTrust } from './trust.ts';
import { messageDeduplication } from './dedupe-messages.ts';
import type { LayerId, XdsResource, XdsResources } from './xds-resource.ts';

export interface BuildOptions {
  /** PEM of the roots that sidecars trust, concatenated. */
  readonly trustBundle: string;
  /** Workload keys whose own layers are wanted: those of connected proxies. Default: all. */
  readonly workloads?: ReadonlySet<string>;
}

/** What every proxy has. */
const shared: LayerId = 'shared';
/** What only proxies have that route HTTP calls, and all of them alike. */
const routes: LayerId = 'routes';
/** What only proxies have to which traffic is redirected. */
const intercepted: LayerId = 'intercepted';

/** Every workload has a view; a layer of its own only if it is wanted. What did not change in `ir` gives the same objects. */
export function buildResources(ir: MeshIr, options: BuildOptions): XdsResources {
  const { services, settings, workloads } = ir;
  const layers = new Map<LayerId, readonly XdsResource[]>([
    [shared, sharedLayer(options.trustBundle, settings.origin, services)],
    [routes, routesLayer(settings, services)],
    ...audienceLayers(services, workloads),
    [intercepted, interceptedListeners(ir)],
    ...ownLayers(wanted(workloads, options.workloads), settings.origin),
  ]);
  return { layers, views: viewsOf(workloads, hasAudiences(services)) };
}

const sharedLayer = rememberLast((trustBundle: string, mesh: Origin, services: MeshIr['services']) => [
  trust(trustBundle, mesh),
  ...unknownDestinations(mesh),
  ...services.flatMap((service) => toService(service)),
]);

const routesLayer = rememberLast((settings: MeshIr['settings'], services: MeshIr['services']) => [
  routeTable(settings),
  ...commonVirtualHosts(services),
]);

/** There are far more workloads than proxies of theirs that are connected to us. */
const wanted = rememberLast((workloads: MeshIr['workloads'], keys: BuildOptions['workloads']) => {
  if (keys === undefined) return workloads;
  const all = byKey(workloads);
  return [...keys].flatMap((key) => all.get(key) ?? []);
});

const byKey = rememberLast(
  (workloads: MeshIr['workloads']): ReadonlyMap<string, WorkloadIr> =>
    new Map(workloads.map((workload) => [workload.key, workload])),
);

const ownLayers = rememberLast(
  (workloads: MeshIr['workloads'], mesh: Origin): readonly (readonly [LayerId, readonly XdsResource[]])[] =>
    workloads.map((workload) => [workloadLayer(workload), own(workload, mesh)]),
);

const viewsOf = rememberLast(
  (workloads: MeshIr['workloads'], byAudience: boolean): ReadonlyMap<string, readonly LayerId[]> =>
    new Map(workloads.map((workload) => [workload.key, view(workload, byAudience)])),
);

/** byAudience: some routes are not the same for all callers. */
const view = remember((workload: WorkloadIr, byAudience: boolean): readonly LayerId[] => {
  const routesCalls = workload.intercepted || workload.bindings.some(({ protocol }) => protocol === 'HTTP');
  return [
    shared,
    ...(routesCalls ? [routes] : []),
    ...(routesCalls && byAudience ? [audienceLayer(workload.audience)] : []),
    ...(workload.intercepted ? [intercepted] : []),
    workloadLayer(workload),
  ];
});

function workloadLayer(workload: WorkloadIr): LayerId {
  return `workload/${workload.key}`;
}

const trust = rememberLast(buildTrust);
const unknownDestinations = rememberLast(buildUnknownDestinations);
const routeTable = rememberLast(buildRouteTable);

const toService = remember((service: ServicePortIr) => [
  ...buildClusters(service),
  ...buildEndpoints(service),
]);

/** A change of endpoints is none of theirs, unless a service is headless. */
const interceptedListeners = rememberLast((ir: MeshIr): readonly XdsResource[] => [
  buildCaptureListener(ir),
  ...buildAddressListeners(ir.services),
]);

const dedupeMessages = messageDeduplication();

const own = remember((workload: WorkloadIr, mesh: Origin) =>
  dedupeMessages([
    ...buildInboundClusters(workload, mesh),
    ...buildInboundListeners(workload, mesh),
    ...buildInboundRoutes(workload, mesh),
    ...(workload.intercepted ? [buildReadiness(workload, mesh)] : buildLocalListeners(workload, mesh)),
  ]),
);
