// Which virtual hosts which callers have. A name is in one layer of a view only: the virtual host of a service whose routes
// differ for some callers leaves the layer of all callers for that of each audience, the audience of everybody else included.
// So a contested service costs one virtual host for each audience, and the others cost nothing.
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import type { RouteListIr } from '../../../ir/route.ts';
import type { ServicePortIr } from '../../../ir/service.ts';
import { rememberEach, rememberItems, rememberLast } from '../../../values/remember.ts';
import type { LayerId, XdsResource } from '../xds-resource.ts';
import { buildVirtualHost } from './virtual-hosts.ts';

/** Of a workload; null: everybody else. */
type Audience = WorkloadIr['audience'];

type Services = readonly ServicePortIr[];

export interface Audiences {
  /** Of the services whose routes are the same for all callers. */
  readonly commonVirtualHosts: (services: Services) => readonly XdsResource[];
  /** The layers of the audiences there are; none where all callers have the same routes. */
  readonly layers: (
    services: Services,
    workloads: readonly WorkloadIr[],
  ) => readonly (readonly [LayerId, readonly XdsResource[]])[];
  /** Whether views have a layer for their audience. */
  readonly differ: (services: Services) => boolean;
}

/** Remembers: what did not change gives the same objects. */
export function createAudiences(): Audiences {
  const contestedServices = rememberLast((services: Services) => services.filter(isContested));
  const virtualHost = rememberEach((routes: RouteListIr, service: ServicePortIr) =>
    buildVirtualHost(service, routes),
  );
  const virtualHosts = (service: ServicePortIr, audience: Audience): readonly XdsResource[] => {
    if (service.protocol === 'TCP') return [];
    const { default: everybody, byAudience } = service.routes;
    return [virtualHost(byAudience.find((one) => one.audience === audience)?.routes ?? everybody, service)];
  };
  const common = rememberItems((service: ServicePortIr) =>
    isContested(service) ? [] : virtualHosts(service, null),
  );
  return {
    commonVirtualHosts: rememberLast((services: Services) => common(services).flat()),
    layers: rememberLast((services: Services, workloads: readonly WorkloadIr[]) => {
      const contested = contestedServices(services);
      if (contested.length === 0) return [];
      const audiences = new Set(workloads.map(({ audience }) => audience));
      return [...audiences].map((audience) => [
        audienceLayer(audience),
        contested.flatMap((service) => virtualHosts(service, audience)),
      ]);
    }),
    differ: (services) => contestedServices(services).length > 0,
  };
}

/** No audience is called `default`: they are written `namespace/qa`. */
export function audienceLayer(audience: Audience): LayerId {
  return `routes/${audience ?? 'default'}`;
}

function isContested({ routes }: ServicePortIr): boolean {
  return routes.byAudience.length > 0;
}
