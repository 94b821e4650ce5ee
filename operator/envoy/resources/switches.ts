// What can be switched on in a sidecar that runs, without a change of its listeners: its runtime values, and the configuration of the
// filters that its listeners leave open. Until something is switched on: what does nothing.
import type { WorkloadIr } from '../../ir/mesh-ir.ts';
import type { Origin } from '../../ir/origin.ts';
import { runtimeLayer } from '../../values/sidecar-names.ts';
import { typeUrl } from '../proto/type-urls.ts';
import { inboundDiscovered } from './inbound/http-filters.ts';
import { outboundDiscovered } from './outbound/http-filters.ts';
import type { DiscoveredFilter } from './placeholders.ts';
import { resource } from './resource.ts';
import type { XdsResource } from './xds-resource.ts';

/**
 * Published from the start, and never told to be gone: a proxy tells by its acknowledgement that it can be spoken to, and goes
 * back to the empty one as it came.
 * @param routesCalls whether it has an outbound connection manager
 */
export function buildSwitches(
  workload: WorkloadIr,
  mesh: Origin,
  routesCalls: boolean,
): readonly XdsResource[] {
  const origins = [mesh, ...workload.origins];
  const filters = [
    ...(takesRequests(workload) ? inboundDiscovered : []),
    ...(routesCalls ? outboundDiscovered : []),
  ];
  return [
    resource(typeUrl.runtime, { name: runtimeLayer, message: noValues, origins }),
    ...filters.map((filter) => emptyConfiguration(filter, origins)),
  ];
}

/** Whether it has an inbound connection manager. */
function takesRequests({ inbound }: WorkloadIr): boolean {
  return inbound.some(({ protocol }) => protocol === 'HTTP');
}

const noValues = { name: runtimeLayer, layer: {} };

function emptyConfiguration({ filter, empty }: DiscoveredFilter, origins: readonly Origin[]): XdsResource {
  return resource(typeUrl.extensionConfig, { name: filter.name, message: empty, origins });
}
