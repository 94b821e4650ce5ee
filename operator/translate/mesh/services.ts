// Services as their callers see them: one ServicePortIr for each TCP port, made from that port's own inputs only.
import type { Mesh } from '../../../api/v1alpha1/mesh.ts';
import type { Origin } from '../../ir/origin.ts';
import type { ServicePortIr } from '../../ir/service.ts';
import { byText } from '../../values/compare-text.ts';
import { mergeOrigins, originOf } from '../facts/origins.ts';
import { rememberByKey, rememberFields, rememberItems, rememberLast } from '../../values/remember.ts';
import type { Security } from '../policies/security/security.ts';
import { type Audiences, conditionsOf } from '../policies/traffic/audiences.ts';
import { copiesByTarget, type CopySender } from '../policies/traffic/copies.ts';
import { resolveReaching } from '../policies/traffic/consumers.ts';
import { type Referable, stateOfReferences } from '../policies/traffic/references.ts';
import { type PortTraffic, resolveRoutes } from '../policies/traffic/resolve.ts';
import { type Repeater, repeatersByTarget } from '../policies/traffic/retries.ts';
import type { Traffic } from '../policies/traffic/traffic.ts';
import type { Workload } from '../facts/workload.ts';
import {
  directAddresses,
  findEndpoints,
  type FoundEndpoint,
  type WorkloadLookup,
  workloadsInSlices,
} from '../facts/endpoints.ts';
import type { PortView, ServiceView } from '../facts/service-view.ts';
import {
  createPlacer,
  httpPortKeys,
  type OwnedPort,
  type PlacedPort,
  portsByKey,
  type SlicesByService,
} from './service-ports.ts';

const noRoutes = { default: [], byAudience: [] };

interface ServiceInputs {
  readonly mesh: Mesh;
  readonly workloads: WorkloadLookup;
  readonly security: Security;
  /** What is said about calls to each service port. */
  readonly traffic: Pick<Traffic, 'byPort' | 'untouched'>;
  readonly audiences: Audiences;
  readonly referable: Referable;
}

/** Key of a service port → who repeats requests to it by routes of other ports. */
type Repeaters = ReadonlyMap<string, readonly Repeater[]>;

interface PortInputs extends ServiceInputs {
  readonly repeaters: Repeaters;
  /** Key of a service port → whose routes send copies to it. */
  readonly copySenders: ReadonlyMap<string, readonly CopySender[]>;
}

export type ServiceTranslator = (
  services: readonly ServiceView[],
  inputs: ServiceInputs & { readonly slices: SlicesByService },
) => readonly ServicePortIr[];

/**
 * services: oldest first. Sorted by key. A port whose inputs did not change is the same object as in the batch before, and so is
 * the list if they all are.
 */
export function createServiceTranslator(): ServiceTranslator {
  const ports = rememberLast(portsByKey);
  const placePorts = createPlacer();
  const httpPorts = rememberLast(httpPortKeys);
  const elsewhere = rememberLast(repeatersByTarget);
  const copySenders = rememberLast(copiesByTarget);
  const sameInputs = rememberFields<PortInputs>();
  const translate = createPortTranslator();
  // While nothing but slices changed, only the ports of these are looked at.
  const translateAll = rememberItems(translate.port);
  const forget = rememberLast((owned: readonly OwnedPort[]) =>
    translate.keep(new Set(owned.map(({ port }) => port.key))),
  );
  return (services, { slices, ...given }) => {
    const { byPort } = given.traffic;
    const owned = ports(services);
    const inputs = sameInputs({
      ...given,
      repeaters: elsewhere(byPort, given.referable),
      copySenders: copySenders(httpPorts(services), byPort, given.referable),
    });
    forget(owned);
    return translateAll(placePorts(owned, slices), inputs);
  };
}

interface PortTranslator {
  readonly port: (placed: PlacedPort, inputs: PortInputs) => ServicePortIr;
  /** Forgets all others. */
  readonly keep: (keys: ReadonlySet<string>) => void;
}

function createPortTranslator(): PortTranslator {
  // First by what is cheap to compare.
  const atHand = rememberByKey<ServicePortIr>();
  const memory = rememberByKey<ServicePortIr>();
  return {
    port: (placed, inputs) => {
      const { port, slices, owned } = placed;
      const { mesh, workloads, security, referable } = inputs;
      const traffic = trafficAt(port, inputs);
      const references = stateOfReferences(port.key, traffic, referable);
      const cheap = [
        owned,
        mesh,
        security,
        traffic,
        audiencesOf(port, inputs),
        ...references,
        ...partsOf(sentHere(port, inputs)),
        ...slices,
        ...workloadsInSlices(slices, workloads),
      ];
      return atHand.get(port.key, cheap, () =>
        memory.get(port.key, [...fingerprint(placed, inputs), ...references], () =>
          translatePort(placed, inputs),
        ),
      );
    },
    keep: (keys) => {
      atHand.keep(keys);
      memory.keep(keys);
    },
  };
}

function trafficAt({ key, protocol }: PortView, { traffic }: PortInputs): PortTraffic {
  return traffic.byPort.get(key) ?? traffic.untouched[protocol];
}

/** By routes of any port. */
interface SentHere {
  readonly repeaters: readonly Repeater[];
  readonly copySenders: readonly CopySender[];
}

function sentHere({ key }: PortView, { repeaters, copySenders }: PortInputs): SentHere {
  return { repeaters: repeaters.get(key) ?? [], copySenders: copySenders.get(key) ?? [] };
}

/** Flat, to compare by. */
function partsOf({ repeaters, copySenders }: SentHere): readonly unknown[] {
  return [
    ...repeaters.flatMap(({ callers, origin }) => [callers, origin]),
    ...copySenders.flatMap(({ callers, subset, origin }) => [callers, subset, origin]),
  ];
}

/** null: it is the same for all callers. */
function audiencesOf(port: PortView, inputs: PortInputs): Audiences | null {
  const { routing, consumers } = trafficAt(port, inputs);
  const { repeaters, copySenders } = sentHere(port, inputs);
  const isSame =
    consumers.length === 0 &&
    [...repeaters, ...copySenders].every(({ callers }) => callers === null) &&
    conditionsOf(routing?.value.routes ?? []).length === 0;
  return isSame ? null : inputs.audiences;
}

/** Everything translatePort looks at. */
function fingerprint({ view, port, addresses, slices }: PlacedPort, inputs: PortInputs): readonly unknown[] {
  return [
    view.service,
    trafficAt(port, inputs),
    audiencesOf(port, inputs),
    inputs.mesh,
    inputs.security,
    ...partsOf(sentHere(port, inputs)),
    ...addresses,
    ...slices,
    ...view.selected,
    ...workloadsInSlices(slices, inputs.workloads),
  ];
}

function translatePort({ view, port, addresses, slices }: PlacedPort, inputs: PortInputs): ServicePortIr {
  const { security, workloads } = inputs;
  const found = findEndpoints(view, port, {
    slices,
    workloads,
    takesMtls: (workload, number) => security.mtls(workload, number).mode !== 'Disabled',
  });
  const traffic = trafficAt(port, inputs);
  const { headless, origin } = view;
  const routed = { key: port.key, origin, headless, referable: inputs.referable };
  const peerIdentities = peers([...view.selected, ...workloadsInSlices(slices, workloads)]);
  const trusting = peerIdentities.length > 0 ? [originOf(inputs.mesh)] : [];
  return {
    key: port.key,
    namespace: view.namespace,
    service: view.name,
    port: port.port,
    protocol: port.protocol,
    carries: port.tls ? 'TLS' : null,
    addresses,
    headless: view.headless,
    directAddresses: directAddresses(view, found),
    peerIdentities,
    endpoints: found.map(({ endpoint }) => endpoint),
    ...resolveReaching(routed, traffic, {
      view: port,
      found,
      ...sentHere(port, inputs),
      audiences: inputs.audiences,
    }),
    routes: port.protocol === 'TCP' ? noRoutes : resolveRoutes(routed, traffic, inputs.audiences),
    endpointOrigins: mergeOrigins(trusting, endpointOrigins(found, security)),
  };
}

/** Also of workloads that are not ready, so that callers know an identity before its first endpoint comes. */
function peers(workloads: readonly Workload[]): readonly string[] {
  return [...new Set(workloads.flatMap(({ meshed }) => meshed?.spiffeId ?? []))].toSorted(byText((id) => id));
}

/** ExternalWorkloads are endpoints by their own word; whoever decides the mutual TLS mode decides how callers connect. */
function endpointOrigins(found: readonly FoundEndpoint[], security: Security): readonly Origin[] {
  return found.flatMap(({ endpoint, workload }) => {
    if (workload === undefined) return [];
    const external = workload.source.kind === 'ExternalWorkload' ? [workload.origin] : [];
    return workload.meshed === null ? external : [...external, security.mtls(workload, endpoint.port).origin];
  });
}
