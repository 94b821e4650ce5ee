// Endpoints of services for which the zone of the caller counts, and no consumer (consumers.ts). They leave the layer of all callers for that of each zone, the one of
// callers whose zone is not known included, so that such a service costs one resource for each zone, and the others cost nothing.
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import type { ServicePortIr } from '../../../ir/service.ts';
import { rememberByKey, rememberLast } from '../../../values/remember.ts';
import type { LayerId, XdsResource } from '../xds-resource.ts';
import { buildEndpoints } from './endpoints.ts';

/** Of a workload; null: not known. */
type Zone = WorkloadIr['zone'];

type Services = readonly ServicePortIr[];

export interface Zones {
  /** The layers of the zones in which there are such workloads; none where zones make no difference. */
  readonly layers: (
    services: Services,
    workloads: readonly WorkloadIr[],
  ) => readonly (readonly [LayerId, readonly XdsResource[]])[];
  /** Whether views have a layer for their zone. */
  readonly differ: (services: Services) => boolean;
}

/** Remembers: what did not change gives the same objects. */
export function createZones(): Zones {
  const memory = rememberByKey<readonly XdsResource[]>();
  const zonedServices = rememberLast((services: Services) =>
    services.filter((service) => isZoned(service) && service.consumers.length === 0),
  );
  const endpoints = (service: ServicePortIr, zone: Zone): readonly XdsResource[] =>
    memory.get(`${zone ?? ''} ${service.key}`, [service], () => buildEndpoints(service, zone));
  return {
    layers: rememberLast((services: Services, workloads: readonly WorkloadIr[]) => {
      const zoned = zonedServices(services);
      const zones = zoned.length === 0 ? [] : new Set(workloads.map(({ zone }) => zone));
      const layers = [...zones].map(
        (zone) => [zoneLayer(zone), zoned.flatMap((service) => endpoints(service, zone))] as const,
      );
      memory.sweep();
      return layers;
    }),
    differ: (services) => zonedServices(services).length > 0,
  };
}

/** No zone has the empty name. */
export function zoneLayer(zone: Zone): LayerId {
  return `zone/${zone ?? ''}`;
}

export function isZoned({ destination }: Pick<ServicePortIr, 'destination'>): boolean {
  return destination.locality !== null;
}
