// Which virtual hosts which callers have. A name is in one layer of a view only: the virtual host of a service whose routes
// differ for some callers leaves the layer of all callers for that of each audience, the audience of everybody else included.
// So a contested service costs one virtual host for each audience, and the others cost nothing.
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import type { RouteListIr, ServicePortIr } from '../../../ir/service.ts';
import { remember, rememberLast } from '../remember.ts';
import type { LayerId, XdsResource } from '../xds-resource.ts';
import { buildVirtualHost } from './virtual-hosts.ts';

/** Of a workload; null: everybody else. */
type Audience = WorkloadIr['audience'];

/** Of the services whose routes are the same for all callers. */
export const commonVirtualHosts = rememberLast((services: readonly ServicePortIr[]) =>
  services.flatMap((service) => (isContested(service) ? [] : virtualHosts(service, null))),
);

/** The layers of the audiences there are; none where all callers have the same routes. */
export const audienceLayers = rememberLast(
  (
    services: readonly ServicePortIr[],
    workloads: readonly WorkloadIr[],
  ): readonly (readonly [LayerId, readonly XdsResource[]])[] => {
    const contested = contestedServices(services);
    if (contested.length === 0) return [];
    const audiences = new Set(workloads.map(({ audience }) => audience));
    return [...audiences].map((audience) => [
      audienceLayer(audience),
      contested.flatMap((service) => virtualHosts(service, audience)),
    ]);
  },
);

/** Whether views have a layer for their audience. */
export function hasAudiences(services: readonly ServicePortIr[]): boolean {
  return contestedServices(services).length > 0;
}

/** No audience is called `default`: they are written `namespace/qa`. */
export function audienceLayer(audience: Audience): LayerId {
  return `routes/${audience ?? 'default'}`;
}

const contestedServices = rememberLast((services: readonly ServicePortIr[]) => services.filter(isContested));

function isContested({ routes }: ServicePortIr): boolean {
  return routes.byAudience.length > 0;
}

function virtualHosts(service: ServicePortIr, audience: Audience): readonly XdsResource[] {
  if (service.protocol === 'TCP') return [];
  const { default: everybody, byAudience } = service.routes;
  return [virtualHost(byAudience.find((one) => one.audience === audience)?.routes ?? everybody, service)];
}

const virtualHost = remember((routes: RouteListIr, service: ServicePortIr) =>
  buildVirtualHost(service, routes),
);
