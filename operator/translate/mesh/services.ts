// Services as their callers see them: one ServicePortIr for each TCP port, made from that port's own inputs only.
import type { Mesh } from '../../../api/v1alpha1/mesh.ts';
import type { Origin } from '../../ir/origin.ts';
import type { ServicePortIr } from '../../ir/service.ts';
import type { EndpointSlice } from '../../objects/objects.ts';
import { byText } from '../../values/compare-text.ts';
import { mergeOrigins, originOf } from '../facts/origins.ts';
import { rememberByKey, rememberLast } from '../../values/remember.ts';
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

const noRoutes = { default: [], byAudience: [] };

interface ServiceInputs {
  readonly mesh: Mesh;
  readonly slices: ReadonlyMap<string, readonly EndpointSlice[]>;
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
  inputs: ServiceInputs,
) => readonly ServicePortIr[];

/** services: oldest first. Sorted by key. A port whose inputs did not change is the same object as in the batch before. */
export function createServiceTranslator(): ServiceTranslator {
  // First by what is cheap to compare: while no workload and no policy changed, the slices are all there is to look at.
  const atHand = rememberByKey<ServicePortIr>();
  const memory = rememberByKey<ServicePortIr>();
  const ports = rememberLast(portsByKey);
  const httpPorts = rememberLast(httpPortKeys);
  const elsewhere = rememberLast(repeatersByTarget);
  const copySenders = rememberLast(copiesByTarget);
  return (services, given) => {
    const { mesh, workloads, security, referable } = given;
    const { byPort } = given.traffic;
    const inputs: PortInputs = {
      ...given,
      repeaters: elsewhere(byPort, referable),
      copySenders: copySenders(httpPorts(services), byPort, referable),
    };
    const result = ports(services).map((owned) => {
      const { view, port } = owned;
      const slices = inputs.slices.get(view.key) ?? [];
      const traffic = trafficAt(port, inputs);
      const references = stateOfReferences(port.key, traffic, referable);
      const cheap = [
        owned,
        mesh,
        workloads,
        security,
        traffic,
        audiencesOf(port, inputs),
        ...references,
        ...partsOf(sentHere(port, inputs)),
        ...slices,
      ];
      return atHand.get(port.key, cheap, () =>
        memory.get(port.key, [...fingerprint(owned, inputs), ...references], () =>
          translatePort(owned, inputs),
        ),
      );
    });
    atHand.sweep();
    memory.keep(atHand);
    return result;
  };
}

interface OwnedPort {
  readonly view: ServiceView;
  readonly port: PortView;
  /** Those of its addresses that no older Service claims at this port. */
  readonly addresses: readonly string[];
}

function portsByKey(services: readonly ServiceView[]): readonly OwnedPort[] {
  const owners = addressOwners(services);
  const isOwn = (port: PortView, address: string): boolean =>
    owners.get(addressKey(address, port.port)) === port.key;
  return services
    .flatMap((view) =>
      view.ports.map((port) => {
        return { view, port, addresses: view.addresses.filter((address) => isOwn(port, address)) };
      }),
    )
    .toSorted(byText(({ port }) => port.key));
}

function httpPortKeys(services: readonly ServiceView[]): readonly string[] {
  return services.flatMap(({ ports }) =>
    ports.flatMap(({ key, protocol }) => (protocol === 'HTTP' ? key : [])),
  );
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
function fingerprint({ view, port, addresses }: OwnedPort, inputs: PortInputs): readonly unknown[] {
  const slices = inputs.slices.get(view.key) ?? [];
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

function translatePort({ view, port, addresses }: OwnedPort, inputs: PortInputs): ServicePortIr {
  const { security, workloads } = inputs;
  const slices = inputs.slices.get(view.key) ?? [];
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

/** address:port → key of the one service port that has it: the oldest Service that claims it. */
function addressOwners(services: readonly ServiceView[]): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  // Oldest last: it overwrites what younger ones claim.
  for (const view of services.toReversed()) {
    for (const port of view.ports) {
      for (const address of view.addresses) owners.set(addressKey(address, port.port), port.key);
    }
  }
  return owners;
}

function addressKey(address: string, port: number): string {
  return `${address} ${port}`;
}
