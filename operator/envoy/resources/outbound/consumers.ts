// What callers need to reach services that consumers reach in another way: clusters, endpoints, routes of connections. It leaves the
// layer of all callers for others, under the same names: whatever refers to a service means the one that the caller has. Callers that
// are no consumers share what they had, and are sent nothing (decision 046). A layer holds a sixteenth of these services, so that a
// change of one, and each audience of consumers, costs the layers that it is in, not all services times all audiences.
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import { seenBy, type ServicePortIr } from '../../../ir/service.ts';
import { byText, compareText } from '../../../values/compare-text.ts';
import { fingerprint } from '../../../values/fingerprint.ts';
import { rememberByKey, rememberEach, rememberLast } from '../../../values/remember.ts';
import { isSameValue } from '../../../values/same-value.ts';
import type { LayerId, XdsResource } from '../xds-resource.ts';
import { buildReach } from './reach.ts';
import { buildEndpoints } from './endpoints.ts';
import { isZoned } from './zones.ts';

type Services = readonly ServicePortIr[];
type Workloads = readonly WorkloadIr[];
type Audience = WorkloadIr['audience'];
type Layers = readonly (readonly [LayerId, readonly XdsResource[]])[];

/** What a view is made from. Sorted by name. */
export type ConsumerParts = readonly ConsumerPart[];

interface ConsumerPart {
  readonly name: string;
  /** Who has a layer of its own. */
  readonly audiences: readonly string[];
  /** There is one more layer for each zone. */
  readonly isZoned: boolean;
}

export interface Consumers {
  /**
   * The layers of the audiences there are; none where all reach all services alike.
   * @param present those whose zones count
   */
  readonly layers: (services: Services, workloads: Workloads, present: Workloads) => Layers;
  /** The same object while it says the same. */
  readonly parts: (services: Services) => ConsumerParts;
}

/** Remembers: what did not change gives the same objects. */
export function createConsumers(): Consumers {
  const consumedIn = rememberLast((services: Services) => services.filter(isConsumed));
  const partsOf = createParts();
  const callersIn = createCallers();
  const layersOf = createLayers();
  const memory = rememberByKey<Layers>();
  return {
    layers: rememberLast((services: Services, workloads: Workloads, present: Workloads) => {
      const consumed = consumedIn(services);
      const members = Map.groupBy(consumed, partName);
      const callers = callersIn(consumed.length === 0 ? [] : workloads, present);
      const layers = partsOf(consumed).flatMap((part) => {
        const all = members.get(part.name) ?? [];
        // The part says nothing that its members do not.
        return memory.get(part.name, [callers, ...all], () => layersOf(part, all, callers));
      });
      memory.sweep();
      return layers;
    }),
    parts: (services) => partsOf(consumedIn(services)),
  };
}

interface Callers {
  readonly audiences: readonly Audience[];
  /** Each once. */
  readonly inZones: readonly Pick<WorkloadIr, 'audience' | 'zone'>[];
}

/** The same object while there are the same. */
function createCallers(): (workloads: Workloads, present: Workloads) => Callers {
  let last: Callers = { audiences: [], inZones: [] };
  return (workloads, present) => {
    const inZones = present.map(({ audience, zone }) => [`${audience} ${zone}`, { audience, zone }] as const);
    const callers = {
      audiences: [...new Set(workloads.map(({ audience }) => audience))],
      inZones: [...new Map(inZones).values()],
    };
    if (!isSameValue(last, callers)) last = callers;
    return last;
  };
}

function createLayers(): (part: ConsumerPart, members: Services, callers: Callers) => Layers {
  const variants = createVariants();
  const reach = rememberEach(buildReach);
  const endpoints = createZonedEndpoints();
  return (part, members, { audiences, inZones }) => {
    const seen = (audience: Audience): Services => members.map((service) => variants(service, audience));
    const own = new Set(audiences.map((audience) => ownIn(part, audience)));
    const zoned = new Map(part.isZoned ? inZones.map((one) => [zoneLayerIn(part, one), one]) : []);
    return [
      ...[...own].map((one) => {
        return [layerIn(part, one), seen(one).flatMap((service) => reach(service))] as const;
      }),
      ...[...zoned].map(([layer, { audience, zone }]) => {
        const theirs = seen(audience).filter(isZoned);
        return [layer, theirs.flatMap((service) => endpoints(service, zone))] as const;
      }),
    ];
  };
}

function createParts(): (consumed: Services) => ConsumerParts {
  let last: ConsumerParts = [];
  return rememberLast((consumed: Services) => {
    const found = [...Map.groupBy(consumed, partName)].map(([name, services]) => {
      const audiences = services.flatMap(({ consumers }) => consumers.map(({ audience }) => audience));
      return {
        name,
        audiences: [...new Set(audiences)].toSorted(compareText),
        isZoned: services.some(isZonedForSome),
      };
    });
    const parts = found.toSorted(byText(({ name }) => name));
    if (!isSameValue(last, parts)) last = parts;
    return last;
  });
}

/** One of sixteen. */
const partName = rememberEach(({ key }: ServicePortIr): string => fingerprint(key).slice(0, 1));

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

function createZonedEndpoints(): (
  service: ServicePortIr,
  zone: WorkloadIr['zone'],
) => readonly XdsResource[] {
  const memory = rememberEach(
    (_service: ServicePortIr) => new Map<WorkloadIr['zone'], readonly XdsResource[]>(),
  );
  return (service, zone) => {
    const byZone = memory(service);
    const known = byZone.get(zone) ?? buildEndpoints(service, zone);
    byZone.set(zone, known);
    return known;
  };
}

/** Of the view of a workload. */
export function consumerLayers(
  parts: ConsumerParts,
  workload: Pick<WorkloadIr, 'audience' | 'zone'>,
): readonly LayerId[] {
  return parts.flatMap((part) => [
    layerIn(part, workload.audience),
    ...(part.isZoned ? [zoneLayerIn(part, workload)] : []),
  ]);
}

/** null: whoever has none of its own. */
function ownIn({ audiences }: ConsumerPart, audience: Audience): Audience {
  return audience !== null && audiences.includes(audience) ? audience : null;
}

/** No audience has an empty name. */
function layerIn(part: ConsumerPart, audience: Audience): LayerId {
  return `consumer/${part.name}/${ownIn(part, audience) ?? ''}`;
}

/** Nor has a zone. */
function zoneLayerIn(part: ConsumerPart, { audience, zone }: Pick<WorkloadIr, 'audience' | 'zone'>): LayerId {
  return `${layerIn(part, audience)} in ${zone ?? ''}`;
}

export function isConsumed({ consumers }: Pick<ServicePortIr, 'consumers'>): boolean {
  return consumers.length > 0;
}

function isZonedForSome(service: ServicePortIr): boolean {
  return [service, ...service.consumers].some(isZoned);
}
