// Which layers the proxy of each workload has. Entry: createViews.
import type { MeshIr, WorkloadIr } from '../../ir/mesh-ir.ts';
import { rememberEach, rememberLast } from '../../values/remember.ts';
import { interceptedLayer } from './intercepted.ts';
import { authorizerLayers } from './inbound/authorizers/reach.ts';
import { audienceLayer } from './outbound/audiences.ts';
import { consumerLayers, type ConsumerParts } from './outbound/consumers.ts';
import { zoneLayer } from './outbound/zones.ts';
import { switchLayers } from './switches.ts';
import type { LayerId, XdsResources } from './xds-resource.ts';

/** What every proxy has. */
export const shared: LayerId = 'shared';
/** What only proxies have that route HTTP calls, and all of them alike. */
export const routes: LayerId = 'routes';

type Workloads = MeshIr['workloads'];

/** What is not the same for all callers: routes, endpoints by zone, how services are reached by consumers, which namespaces may call more hosts. */
type Differences = readonly [
  byAudience: boolean,
  byZone: boolean,
  consumers: ConsumerParts,
  namespaces: ReadonlySet<string>,
];

export function createViews(): (workloads: Workloads, ...differences: Differences) => XdsResources['views'] {
  const layersOf = rememberEach(view);
  return rememberLast(
    (workloads: Workloads, ...differences: Differences) =>
      new Map(workloads.map((workload) => [workload.key, layersOf(workload, ...differences)])),
  );
}

function view(workload: WorkloadIr, ...differences: Differences): readonly LayerId[] {
  const [byAudience, byZone, consumers, namespaces] = differences;
  const hasRoutes = workload.intercepted || workload.bindings.some(({ protocol }) => protocol === 'HTTP');
  const layers: LayerId[] = [shared];
  if (byZone) layers.push(zoneLayer(workload.zone));
  layers.push(...consumerLayers(consumers, workload));
  if (hasRoutes) layers.push(routes);
  if (hasRoutes && byAudience) layers.push(audienceLayer(workload.audience));
  if (workload.intercepted) layers.push(interceptedLayer(workload));
  layers.push(
    ...authorizerLayers(workload),
    ...switchLayers(workload, hasRoutes, namespaces),
    workloadLayer(workload),
  );
  // One that grew has room for many more.
  return layers.slice();
}

export function workloadLayer(workload: WorkloadIr): LayerId {
  return `workload/${workload.key}`;
}
