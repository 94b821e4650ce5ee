// The layer of what only proxies have to which traffic is redirected: one for all, and one for each set of sampling rules that some of them
// obey besides. What others have does not change with these.
import type { MeshIr, WorkloadIr } from '../../ir/mesh-ir.ts';
import { rememberLast } from '../../values/remember.ts';
import { buildEgress } from './egress/build.ts';
import type { ListenerLogs, ListenerLogsOf } from './named-logs.ts';
import { createAddressListeners } from './outbound/address-listeners.ts';
import { createCaptureListeners } from './outbound/capture-listener.ts';
import type { LayerId, XdsResource } from './xds-resource.ts';

export function interceptedLayer({ sampling = [] }: Pick<WorkloadIr, 'sampling'>): LayerId {
  return ['intercepted', ...sampling].join('/');
}

type Layers = readonly (readonly [LayerId, readonly XdsResource[]])[];

type Egress = readonly XdsResource[];

/** present: those whose layers are wanted. A change of endpoints is none of theirs, unless a service is headless. */
export function createIntercepted(): (
  ir: MeshIr,
  present: readonly WorkloadIr[],
  publicRoots: string,
  logsOf: ListenerLogsOf,
) => Layers {
  const egress = rememberLast(buildEgress);
  const setsOf = rememberLast(samplingSets);
  let layers = new Map<LayerId, ReturnType<typeof createLayer>>();
  return (ir, present, publicRoots, logsOf) => {
    const out = egress(ir.settings, publicRoots);
    const sets = setsOf(present);
    const before = layers;
    layers = new Map([...sets.keys()].map((id) => [id, before.get(id) ?? createLayer()]));
    return [...layers].map(([id, layer]) => [id, layer(ir, out, logsOf(sets.get(id)))]);
  };
}

/** By layer. That of all is always there. */
function samplingSets(workloads: readonly WorkloadIr[]): ReadonlyMap<LayerId, readonly string[]> {
  const sets = workloads.flatMap(({ intercepted, sampling }) => (intercepted && sampling ? [sampling] : []));
  return new Map([[], ...sets].map((sampling) => [interceptedLayer({ sampling }), sampling]));
}

function createLayer(): (ir: MeshIr, egress: Egress, logs: ListenerLogs) => readonly XdsResource[] {
  const captureListeners = createCaptureListeners();
  const addressListeners = createAddressListeners();
  return rememberLast((ir: MeshIr, egress: Egress, logs: ListenerLogs) => [
    ...captureListeners(ir, logs),
    ...egress,
    ...addressListeners(ir.services, logs),
  ]);
}
