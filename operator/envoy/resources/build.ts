// MeshIr → Envoy resources, in layers that proxies share. Pure: equal meshes give equal resources, in every replica.
// Its parts know one kind of resource each; this file knows which layer they belong to.
import { defaultMetrics, type MeshIr, type WorkloadIr } from '../../ir/mesh-ir.ts';
import type { Origin } from '../../ir/origin.ts';
import type { ServicePortIr } from '../../ir/service.ts';
import { createAuthorizerLayers } from './inbound/authorizers/reach.ts';
import { buildInboundClusters, buildInboundEndpoints } from './inbound/clusters.ts';
import { buildInboundListeners, buildInboundRoutes } from './inbound/listeners.ts';
import { buildPeersSecret, type KnownPeers } from './inbound/tcp-admission.ts';
import { buildLimits, httpPorts } from './inbound/limits.ts';
import { createQuotaServers } from './inbound/quota-servers.ts';
import { buildInspector, modeOfOthers, others } from './inbound/listener-filters.ts';
import { buildLogins } from './inbound/login/reach.ts';
import { buildReadiness } from './inbound/readiness.ts';
import { createAudiences } from './outbound/audiences.ts';
import { buildReach } from './outbound/reach.ts';
import { createConsumers, isConsumed } from './outbound/consumers.ts';
import { buildLocalListeners } from './outbound/local-listeners.ts';
import { buildRouteTable } from './outbound/route-table.ts';
import { createZones } from './outbound/zones.ts';
import { buildUnknownDestinations } from './outbound/unknown-destinations.ts';
import {
  rememberByKey,
  rememberEach,
  rememberFields,
  rememberItems,
  rememberLast,
} from '../../values/remember.ts';
import { buildTrust } from './trust.ts';
import type { Trust } from './tls.ts';
import { buildBootstrapEndpoints } from './bootstrap-endpoints.ts';
import { namedNamespaces } from './egress/allow-list.ts';
import { createIntercepted } from './intercepted.ts';
import { createListenerLogs, type ListenerLogsOf } from './named-logs.ts';
import { buildRuntime, buildSwitches, type Switched, limitsOff } from './switches.ts';
import { messageDeduplication } from './dedupe-messages.ts';
import { createViews, routes, shared, workloadLayer } from './views.ts';
import type { LayerId, XdsResource, XdsResources } from './xds-resource.ts';

export interface BuildOptions extends Trust {
  /** Workload keys whose own layers are wanted: those of connected proxies. Default: all. */
  readonly workloads?: ReadonlySet<string>;
}

export type ResourceBuilder = (ir: MeshIr, options: BuildOptions) => XdsResources;

/** The resources of one mesh. */
export function buildResources(ir: MeshIr, options: BuildOptions): XdsResources {
  return createResourceBuilder()(ir, options);
}

/**
 * Remembers: what did not change since the mesh before gives the same objects. Every workload has a view; a layer of its own
 * only if it is wanted.
 */
export function createResourceBuilder(): ResourceBuilder {
  const sharedLayer = createSharedLayer();
  const routeTable = rememberLast(buildRouteTable);
  const audiences = createAudiences();
  const zones = createZones();
  const consumers = createConsumers();
  const authorizers = createAuthorizerLayers();
  const routesLayer = rememberLast((settings: MeshIr['settings'], services: MeshIr['services']) => [
    routeTable(settings),
    ...audiences.commonVirtualHosts(services),
  ]);
  const interceptedOnes = createIntercepted();
  const switchesOf = rememberLast(buildSwitches);
  const namespaces = rememberLast(namedNamespaces);
  const switched = rememberFields<Switched>();
  const listenerLogs = createListenerLogs();
  const limitsOffs = createLimitsOff();
  const wanted = createWanted();
  const ownLayers = createOwnLayers();
  const quotaServers = createQuotaServers();
  const knownPeers = rememberLast((trust: Trust, identities: MeshIr['identities']): KnownPeers => {
    return { trust, spiffeIds: identities.map(({ spiffeId }) => spiffeId) };
  });
  const trusted = rememberLast(
    (trustBundle: string, revocationList: string | null, publicRoots: string | undefined): Trust => {
      return { trustBundle, revocationList, ...(publicRoots !== undefined && { publicRoots }) };
    },
  );
  const viewsOf = createViews();
  return (ir, options) => {
    const { identities, services, settings, workloads } = ir;
    const trust = trusted(options.trustBundle, options.revocationList ?? null, options.publicRoots);
    const switches = switched(switchedBy(settings));
    const logs = listenerLogs(settings.accessLogs, settings.tracing, settings.origin);
    const own = { ...switches, origin: settings.origin, logs };
    const present = wanted(workloads, options.workloads);
    const layers = new Map<LayerId, readonly XdsResource[]>([
      [shared, sharedLayer(trust, settings.origin, services)],
      [routes, routesLayer(settings, services)],
      ...audiences.layers(services, workloads),
      // Of those alone: anybody may invent zones, by labels.
      ...zones.layers(services, present),
      ...consumers.layers(services, workloads, present),
      ...authorizers(services, workloads),
      ...interceptedOnes(ir, present, options.publicRoots ?? '', logs),
      ...switchesOf(settings.origin, switches),
      ...limitsOffs(workloads, settings.origin),
      ...ownLayers(present, own, knownPeers(trust, identities), quotaServers(workloads)),
    ]);
    const views = viewsOf(
      workloads,
      audiences.differ(services),
      zones.differ(services),
      consumers.parts(services),
      namespaces(settings.allowedHosts),
    );
    return { layers, views };
  };
}

function switchedBy(settings: MeshIr['settings']): Switched {
  const { outboundMode, allowedHosts, accessLogs, tracing, metrics = defaultMetrics } = settings;
  const countsOutbound = metrics.reporters === 'Both';
  return { outboundMode, allowedHosts, accessLogs, countsOutbound, sendsSpans: tracing !== null };
}

type SharedLayer = (trust: Trust, mesh: Origin, services: MeshIr['services']) => readonly XdsResource[];

function createSharedLayer(): SharedLayer {
  const trustSecrets = rememberLast(buildTrust);
  const unknownDestinations = rememberLast(buildUnknownDestinations);
  const bootstrapEndpoints = rememberLast(buildBootstrapEndpoints);
  const toServices = rememberItems((service: ServicePortIr) =>
    isConsumed(service) ? [] : buildReach(service),
  );
  return rememberLast((trust: Trust, mesh: Origin, services: MeshIr['services']) => [
    ...trustSecrets(trust, mesh),
    ...unknownDestinations(mesh),
    ...bootstrapEndpoints(mesh),
    ...toServices(services).flat(),
  ]);
}

type Workloads = MeshIr['workloads'];

type Layers = readonly (readonly [LayerId, readonly XdsResource[]])[];

/** For each port at which some workload serves HTTP. */
function createLimitsOff(): (workloads: Workloads, mesh: Origin) => Layers {
  const memory = rememberByKey<Layers[number]>();
  return rememberLast((workloads: Workloads, mesh: Origin) => {
    const ports = new Set(workloads.flatMap((workload) => httpPorts(workload).map(({ port }) => port)));
    const layers = [...ports].map((port) => memory.get(String(port), [mesh], () => limitsOff(port, mesh)));
    memory.sweep();
    return layers;
  });
}

/** There are far more workloads than proxies of theirs that are connected to us. */
function createWanted(): (workloads: Workloads, keys: BuildOptions['workloads']) => Workloads {
  const byKey = rememberLast(
    (workloads: Workloads) => new Map(workloads.map((workload) => [workload.key, workload])),
  );
  return rememberLast((workloads: Workloads, keys: BuildOptions['workloads']) => {
    if (keys === undefined) return workloads;
    const all = byKey(workloads);
    return [...keys].flatMap((key) => all.get(key) ?? []);
  });
}

interface Settings extends Switched {
  readonly origin: Origin;
  readonly logs: ListenerLogsOf;
}

/** Of each of its quotas. */
type ServersOf = (workload: WorkloadIr) => string;

function createOwnLayers(): (
  workloads: Workloads,
  settings: Settings,
  known: KnownPeers,
  serversOf: ServersOf,
) => Layers {
  const dedupeMessages = messageDeduplication();
  /** known: null where nothing depends on it. */
  const own = rememberEach(
    (workload: WorkloadIr, settings: Settings, known: KnownPeers | null, servers: string) => {
      const mesh = settings.origin;
      const logs = settings.logs(workload.sampling);
      return dedupeMessages([
        ...buildInboundClusters(workload, mesh),
        ...(known === null ? [] : buildAdmission(workload, mesh, known)),
        ...buildInboundListeners(workload, mesh, logs),
        ...buildInboundRoutes(workload, mesh),
        ...buildLimits(workload, mesh, servers),
        ...buildLogins(workload, mesh),
        ...buildRuntime(workload, mesh, settings),
        ...(workload.intercepted
          ? interceptedOnly(workload, mesh)
          : buildLocalListeners(workload, mesh, logs)),
      ]);
    },
  );
  const last = rememberFields<Settings>();
  return rememberLast((workloads: Workloads, settings: Settings, known: KnownPeers, serversOf: ServersOf) =>
    workloads.map((workload) => {
      const hasTcp = workload.inbound.some(({ protocol }) => protocol === 'TCP');
      return [
        workloadLayer(workload),
        own(workload, last(settings), hasTcp ? known : null, serversOf(workload)),
      ];
    }),
  );
}

function interceptedOnly(workload: WorkloadIr, mesh: Origin): readonly XdsResource[] {
  const readiness = buildReadiness(workload, mesh);
  const mtls = modeOfOthers(workload);
  // Else it is one of the switches that are off.
  return mtls === 'Disabled'
    ? [readiness, buildInspector(others, mtls, [mesh, ...workload.origins])]
    : [readiness];
}

/** Who may be connected to its TCP ports. */
function buildAdmission(workload: WorkloadIr, mesh: Origin, known: KnownPeers): readonly XdsResource[] {
  const tcp = workload.inbound.filter(({ protocol }) => protocol === 'TCP');
  return [
    ...buildInboundEndpoints(workload, mesh, known),
    ...tcp.flatMap((port) => [
      buildPeersSecret(port, mesh, known),
      ...(port.isOnlyNamed === true
        ? []
        : [buildInspector(String(port.port), port.mtls, [mesh, ...port.origins])]),
    ]),
  ];
}
