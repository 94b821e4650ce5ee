// The endpoints of a service port: from EndpointSlices, and from the ExternalWorkloads the Service selects.
import type { EndpointIr } from '../../ir/service.ts';
import type { Endpoint, EndpointSlice, Service } from '../../objects/objects.ts';
import { append } from '../../values/labels.ts';
import { compareText } from '../../values/compare-text.ts';
import { rememberItems } from '../../values/remember.ts';
import { workloadKey } from '../../values/node-id.ts';
import type { Workload, WorkloadIndex } from './workload.ts';
import { zoneByLabel } from './zones.ts';
import { type PortView, serviceKey, type ServiceView } from './service-view.ts';

/** @see https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#ownership */
const serviceNameLabel = 'kubernetes.io/service-name';

export type WorkloadLookup = Pick<WorkloadIndex, 'byKey' | 'byAddress'>;

interface EndpointInputs {
  /** The slices of the service. */
  readonly slices: readonly EndpointSlice[];
  readonly workloads: WorkloadLookup;
  /** Whether a workload's sidecar takes mutual TLS on a port. */
  readonly takesMtls: (workload: Workload, port: number) => boolean;
}

/** An endpoint, and the workload behind it where known. */
export interface FoundEndpoint {
  readonly endpoint: EndpointIr;
  readonly workload: Workload | undefined;
}

/** Service key → its slices. */
export function slicesByService(
  slices: readonly EndpointSlice[],
): ReadonlyMap<string, readonly EndpointSlice[]> {
  const byService = new Map<string, EndpointSlice[]>();
  const services = servicesOf(slices);
  for (const [index, slice] of slices.entries()) {
    const service = services[index];
    if (service !== undefined && service !== null) append(byService, service, slice);
  }
  return byService;
}

/** Key of the Service of each; null: there is none, or the slice names hosts, not addresses. */
const servicesOf = rememberItems(({ metadata, addressType }: EndpointSlice): string | null => {
  const name = metadata.labels?.[serviceNameLabel];
  if (name === undefined || addressType === 'FQDN') return null;
  return serviceKey(metadata.namespace ?? '', name);
});

/** Sorted by address and port, each once: where slices overlap, the one that is not draining. */
export function findEndpoints(
  view: ServiceView,
  port: PortView,
  inputs: EndpointInputs,
): readonly FoundEndpoint[] {
  const found = new Map<string, FoundEndpoint>();
  for (const candidate of [
    ...fromSlices(view.service, port, inputs),
    ...fromExternalWorkloads(port, inputs),
  ].toSorted(compareFound)) {
    const key = `${candidate.endpoint.address} ${candidate.endpoint.port}`;
    if (!found.has(key)) found.set(key, candidate);
  }
  return [...found.values()];
}

/**
 * Of a headless service, the endpoints whose address is that of a pod beside it. Whoever may write slices in a namespace may
 * write any address into them: a Service's, another namespace's pod's, an outside one. Callers' sidecars must not take a
 * connection to such an address for one to this service.
 */
export function directAddresses(
  view: ServiceView,
  found: readonly FoundEndpoint[],
): readonly Pick<EndpointIr, 'address' | 'port'>[] {
  if (!view.headless) return [];
  return found
    .filter(({ endpoint, workload }) => isPodBeside(view, workload, endpoint.address))
    .map(({ endpoint: { address, port } }) => ({ address, port }));
}

function isPodBeside(view: ServiceView, workload: Workload | undefined, address: string): boolean {
  if (workload?.source.kind !== 'Pod' || !workload.isRunnable) return false;
  return workload.namespace === view.namespace && workload.addresses.includes(address);
}

/** The workloads that slices name, ready or not. */
export function workloadsInSlices(
  slices: readonly EndpointSlice[],
  workloads: WorkloadLookup,
): readonly Workload[] {
  return slices.flatMap((slice) =>
    slice.endpoints.flatMap((endpoint) => workloadOf(endpoint, slice, workloads) ?? []),
  );
}

function fromSlices(service: Service, port: PortView, inputs: EndpointInputs): FoundEndpoint[] {
  return inputs.slices.flatMap((slice) => {
    const number = portNumber(slice, port);
    if (number === undefined) return [];
    return slice.endpoints.flatMap((endpoint) => {
      const [address] = endpoint.addresses;
      const workload = workloadOf(endpoint, slice, inputs.workloads);
      const health = healthOf(endpoint, workload, service.spec.publishNotReadyAddresses === true);
      return address === undefined || health === null
        ? []
        : [toEndpoint({ address, port: number, health, zone: endpoint.zone }, workload, inputs)];
    });
  });
}

function fromExternalWorkloads(port: PortView, inputs: EndpointInputs): FoundEndpoint[] {
  return port.targets.flatMap(({ workload, port: number }) => {
    const [address] = workload.addresses;
    if (workload.source.kind !== 'ExternalWorkload' || address === undefined) return [];
    const health = workload.isTerminating ? 'Draining' : 'Healthy';
    return [toEndpoint({ address, port: number, health, zone: undefined }, workload, inputs)];
  });
}

interface Located extends Pick<EndpointIr, 'address' | 'port' | 'health'> {
  /** As its slice says. */
  readonly zone: string | undefined;
}

function toEndpoint(located: Located, workload: Workload | undefined, inputs: EndpointInputs): FoundEndpoint {
  const { address, port, health } = located;
  const zone = located.zone ?? zoneByLabel(workload) ?? null;
  const hasSidecar = workload !== undefined && workload.meshed !== null;
  const mtls = hasSidecar && inputs.takesMtls(workload, port);
  const mtlsDisabled = hasSidecar && !mtls;
  return {
    endpoint: { address, port, mtls, mtlsDisabled, health, zone, workload: workload?.key ?? '' },
    workload,
  };
}

/** A slice names its ports like the Service does; '' and absent are the same. */
function portNumber(slice: EndpointSlice, port: PortView): number | undefined {
  const isSame = (name: string | undefined, protocol = 'TCP'): boolean =>
    (name ?? '') === (port.spec.name ?? '') && protocol === 'TCP';
  return slice.ports?.find(({ name, protocol }) => isSame(name, protocol))?.port;
}

function workloadOf(
  endpoint: Endpoint,
  slice: EndpointSlice,
  workloads: WorkloadLookup,
): Workload | undefined {
  const { targetRef, addresses } = endpoint;
  // Made by hand: the address tells.
  if (targetRef === undefined) return workloads.byAddress.get(addresses[0] ?? '');
  if (targetRef.kind !== 'Pod' || targetRef.name === undefined) return undefined;
  return workloads.byKey.get(
    workloadKey({
      kind: 'Pod',
      namespace: targetRef.namespace ?? slice.metadata.namespace ?? '',
      name: targetRef.name,
    }),
  );
}

/**
 * null: left out. A Pod's deletionTimestamp counts at once: its slice says so only 20-40 ms later. Conditions that are
 * absent read as the EndpointSlice API says: ready, and serving like ready.
 */
function healthOf(
  { conditions = {} }: Endpoint,
  workload: Workload | undefined,
  takesNotReady: boolean,
): EndpointIr['health'] | null {
  const { ready = true, terminating = false } = conditions;
  const { serving = ready } = conditions;
  if (hasFinished(workload)) return null;
  if (terminating || workload?.isTerminating === true) return serving ? 'Draining' : null;
  return ready || takesNotReady ? 'Healthy' : null;
}

function hasFinished(workload: Workload | undefined): boolean {
  if (workload?.source.kind !== 'Pod') return false;
  const phase = workload.source.status?.phase;
  return phase === 'Succeeded' || phase === 'Failed';
}

function compareFound({ endpoint: a }: FoundEndpoint, { endpoint: b }: FoundEndpoint): number {
  // 'Healthy' before 'Draining', a known workload before none.
  return (
    compareText(a.address, b.address) ||
    a.port - b.port ||
    compareText(b.health, a.health) ||
    compareText(b.workload, a.workload)
  );
}
