// What callers need to reach services that consumers reach in another way: clusters, endpoints, routes of connections. It leaves the
// layer of all callers for one for each audience, under the same names: whatever refers to a service means the one that the caller
// has. Callers that are no consumers share what they had, and are sent nothing (decision 046).
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import { seenBy, type ServicePortIr } from '../../../ir/service.ts';
import { rememberEach, rememberLast } from '../../../values/remember.ts';
import type { LayerId, XdsResource } from '../xds-resource.ts';
import { buildClusters } from './clusters.ts';
import { buildConnectionRoutes } from './connection-routes.ts';
import { buildEndpoints } from './endpoints.ts';
import { isZoned } from './zones.ts';

type Services = readonly ServicePortIr[];
type Workloads = readonly WorkloadIr[];
type Audience = WorkloadIr['audience'];
type Layers = readonly (readonly [LayerId, readonly XdsResource[]])[];

export interface Consumers {
  /**
   * The layers of the audiences there are; none where all reach all services alike.
   * @param present those whose zones count
   */
  readonly layers: (services: Services, workloads: Workloads, present: Workloads) => Layers;
  /** Whether views have a layer for their audience. */
  readonly differ: (services: Services) => boolean;
  /** Whether they have one more for the zone in it. */
  readonly differByZone: (services: Services) => boolean;
}

/** Remembers: what did not change gives the same objects. */
export function createConsumers(): Consumers {
  const consumedIn = rememberLast((services: Services) => services.filter(isConsumed));
  const variants = createVariants();
  const clusters = rememberEach((service: ServicePortIr) => [
    ...buildClusters(service),
    ...(service.protocol === 'TCP' ? [buildConnectionRoutes(service)] : []),
    ...(isZoned(service) ? [] : buildEndpoints(service, null)),
  ]);
  const zonedEndpoints = createZonedEndpoints();
  return {
    layers: rememberLast((services: Services, workloads: Workloads, present: Workloads) => {
      const consumed = consumedIn(services);
      if (consumed.length === 0) return [];
      const seen = (audience: Audience): Services => consumed.map((service) => variants(service, audience));
      const audiences = [...new Set(workloads.map(({ audience }) => audience))];
      return [
        ...audiences.map(
          (one) => [consumerLayer(one), seen(one).flatMap((service) => clusters(service))] as const,
        ),
        ...(consumed.some(isZonedForSome) ? zonedEndpoints(seen, present) : []),
      ];
    }),
    differ: (services) => consumedIn(services).length > 0,
    differByZone: (services) => consumedIn(services).some(isZonedForSome),
  };
}

/** The service as an audience sees it: whoever is no consumer of it shares what all others have. */
function createVariants(): (service: ServicePortIr, audience: Audience) => ServicePortIr {
  const variants = rememberEach((service: ServicePortIr) => {
    const others = seenBy(service, null);
    const byAudience = new Map(
      service.consumers.map(({ audience }) => [audience, seenBy(service, audience)]),
    );
    return { others, byAudience };
  });
  return (service, audience) => {
    const { others, byAudience } = variants(service);
    return byAudience.get(audience ?? '') ?? others;
  };
}

function createZonedEndpoints(): (seen: (audience: Audience) => Services, present: Workloads) => Layers {
  const memory = rememberEach(
    (_service: ServicePortIr) => new Map<WorkloadIr['zone'], readonly XdsResource[]>(),
  );
  const endpoints = (service: ServicePortIr, zone: WorkloadIr['zone']): readonly XdsResource[] => {
    const byZone = memory(service);
    const known = byZone.get(zone) ?? buildEndpoints(service, zone);
    byZone.set(zone, known);
    return known;
  };
  return (seen, present) => {
    const callers = new Map(present.map((caller) => [consumerZoneLayer(caller), caller]));
    return [...callers].map(([layer, { audience, zone }]) => [
      layer,
      seen(audience)
        .filter(isZoned)
        .flatMap((service) => endpoints(service, zone)),
    ]);
  };
}

/** No audience has an empty name. */
export function consumerLayer(audience: Audience): LayerId {
  return `consumer/${audience ?? ''}`;
}

/** Nor has a zone. */
export function consumerZoneLayer({ audience, zone }: Pick<WorkloadIr, 'audience' | 'zone'>): LayerId {
  return `${consumerLayer(audience)} in ${zone ?? ''}`;
}

export function isConsumed({ consumers }: Pick<ServicePortIr, 'consumers'>): boolean {
  return consumers.length > 0;
}

function isZonedForSome(service: ServicePortIr): boolean {
  return [service, ...service.consumers].some(isZoned);
}
