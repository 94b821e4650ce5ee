// What can be switched on in a sidecar that runs, without a change of its listeners: its runtime values, and the configuration of the
// filters that its listeners leave open. Here is what does nothing, in layers that all proxies share of which nothing is switched on. Where
// something is, it stands in the workload's own layer, and the view leaves out the layer here that has the same name.
import type { MeshIr, WorkloadIr } from '../../ir/mesh-ir.ts';
import type { Origin } from '../../ir/origin.ts';
import { runtimeLayer } from '../../values/sidecar-names.ts';
import { typeUrl } from '../proto/type-urls.ts';
import { admittedHosts, namedNamespaces } from './egress/allow-list.ts';
import { inboundDiscovered } from './inbound/http-filters.ts';
import { httpPorts } from './inbound/limits.ts';
import { buildInspector, modeOfOthers, others } from './inbound/listener-filters.ts';
import { refusedWithoutIdentity, refusesWithoutIdentity } from './inbound/tcp-admission.ts';
import { outboundDiscovered } from './outbound/http-filters.ts';
import { logValues } from './named-logs.ts';
import { type DiscoveredFilter, limitsOf } from './placeholders.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { spansKey, statsKey, unknownDestinationsKey } from './runtime.ts';
import { resource } from './resource.ts';
import type { LayerId, XdsResource } from './xds-resource.ts';

const layer = {
  runtime: 'off/runtime',
  inbound: 'off/inbound',
  outbound: 'off/outbound',
  /** Of the inspector of ports that no Service names: unless their mutual TLS is Disabled. */
  inspector: 'off/inspector',
} as const;

/**
 * Published from the start, and never told to be gone: a proxy tells by its acknowledgement that it can be spoken to, and goes
 * back to what does nothing as it came.
 */
export function buildSwitches(
  mesh: Origin,
  switched: Switched,
): ReadonlyMap<LayerId, readonly XdsResource[]> {
  return new Map<LayerId, readonly XdsResource[]>([
    [layer.runtime, [runtime(valuesOf(switched, nobodys), [mesh])]],
    ...[...namedNamespaces(switched.allowedHosts)].map((namespace) => {
      const values = valuesOf(switched, { ...nobodys, namespace });
      return [namespaceLayer(namespace), [runtime(values, [mesh])]] as const;
    }),
    [layer.inbound, inboundDiscovered.map((filter) => emptyConfiguration(filter, mesh))],
    [layer.inspector, [buildInspector(others, 'Permissive', [mesh])]],
    [layer.outbound, outboundDiscovered.map((filter) => emptyConfiguration(filter, mesh))],
  ]);
}

/** Of a port where nothing is too much, for all workloads that have it. */
export function limitsOff(port: number, mesh: Origin): readonly [LayerId, readonly XdsResource[]] {
  return [limitsLayer(port), [emptyConfiguration(limitsOf(String(port)), mesh)]];
}

function limitsLayer(port: number): LayerId {
  return `off/limits/${port}`;
}

/** Of a namespace that may call more than others. */
function namespaceLayer(namespace: string): LayerId {
  return `${layer.runtime}/${namespace}`;
}

/** Those of a workload, by the listeners that it has. namespaces: those that may call more than others. */
export function switchLayers(
  workload: WorkloadIr,
  routesCalls: boolean,
  namespaces: ReadonlySet<string>,
): readonly LayerId[] {
  const { inbound, intercepted, namespace } = workload;
  const runtimeOf = namespaces.has(namespace) ? namespaceLayer(namespace) : layer.runtime;
  const layers: LayerId[] = hasValues(workload) ? [] : [runtimeOf];
  if (inbound.some(({ protocol }) => protocol === 'HTTP')) layers.push(layer.inbound);
  for (const { port, limits } of httpPorts(workload)) if (limits === null) layers.push(limitsLayer(port));
  if (routesCalls) layers.push(layer.outbound);
  if (intercepted && modeOfOthers(workload) !== 'Disabled') layers.push(layer.inspector);
  return layers;
}

/** Its own values; none where it has those that all have. */
export function buildRuntime(workload: WorkloadIr, mesh: Origin, switched: Switched): readonly XdsResource[] {
  if (!hasValues(workload)) return [];
  const origins = [mesh, ...workload.origins, ...workload.inbound.flatMap((port) => port.origins)];
  return [runtime({ ...valuesOf(switched, workload), ...refusedWithoutIdentity(workload) }, origins)];
}

/** What of the Mesh is switched by runtime values. */
export interface Switched extends Pick<MeshIr['settings'], 'outboundMode' | 'allowedHosts' | 'accessLogs'> {
  /** Whether sidecars of callers count. */
  readonly countsOutbound: boolean;
  readonly sendsSpans: boolean;
}

/** Of workloads: those with the same have the same values. namespace: null: of one that may call no more than others. */
interface Switching extends Pick<WorkloadIr, 'accessLogs'> {
  readonly namespace: string | null;
}

/** Envoy's default is 5. A span has one KB, mostly, and the operator takes 8 MB at once (providers/service.ts). */
const spansOfMessage = 30;

const nobodys: Switching = { accessLogs: [], namespace: null };

/** What holds for all, for those that write these access logs, and for those of the namespace. */
function valuesOf(
  { outboundMode, allowedHosts, accessLogs, countsOutbound, sendsSpans }: Switched,
  { accessLogs: named, namespace }: Switching,
): EnvoyMessage {
  return {
    [statsKey('inbound')]: 100,
    ...(sendsSpans && { [spansKey]: spansOfMessage }),
    ...(countsOutbound && { [statsKey('outbound')]: 100 }),
    ...(outboundMode === 'RegistryOnly' && { [unknownDestinationsKey]: 0 }),
    ...admittedHosts(allowedHosts, namespace),
    ...logValues(accessLogs, named),
  };
}

function hasValues(workload: WorkloadIr): boolean {
  return workload.accessLogs.length > 0 || refusesWithoutIdentity(workload);
}

function runtime(values: EnvoyMessage, origins: readonly Origin[]): XdsResource {
  const message = { name: runtimeLayer, layer: values };
  return resource(typeUrl.runtime, { name: runtimeLayer, message, origins });
}

function emptyConfiguration({ filter, empty }: DiscoveredFilter, mesh: Origin): XdsResource {
  return resource(typeUrl.extensionConfig, { name: filter.name, message: empty, origins: [mesh] });
}
