// Workloads with a sidecar, as their sidecars see them.
import type { Mesh } from '../../../api/v1alpha1/mesh.ts';
import type { BindingIr, IdentityIr, WorkloadIr } from '../../ir/mesh-ir.ts';
import { sdsAnnotations } from '../../values/pod-certificates.ts';
import { byText } from '../../values/compare-text.ts';
import { accessLogsOf } from '../facts/access-logs.ts';
import { mergeOrigins, originOf } from '../facts/origins.ts';
import { samplingOf } from '../facts/sampling.ts';
import { rememberByKey, rememberFields, rememberLast, sameItems } from '../../values/remember.ts';
import type { Audiences } from '../policies/traffic/audiences.ts';
import type { LimitsByPort } from '../policies/traffic/traffic.ts';
import type { Security } from '../policies/security/security.ts';
import type { ServedPort, ServedPorts } from '../facts/served-ports.ts';
import { inboundPorts, otherInbound } from './inbound.ts';
import type { Workload } from '../facts/workload.ts';
import type { ZoneOf } from '../facts/zones.ts';

/** What all of them have. */
interface SharedInputs {
  readonly mesh: Mesh;
  readonly security: Security;
  readonly limits: LimitsByPort;
  readonly audiences: Audiences;
  readonly zoneOf: ZoneOf;
}

interface WorkloadInputs extends SharedInputs {
  readonly served: ServedPorts;
  /** Key of an ExternalWorkload → its bindings. */
  readonly bindings: Bindings;
}

type Bindings = ReadonlyMap<string, readonly BindingIr[]>;

type Meshed = Workload & { readonly meshed: IdentityIr };

/** What each has for itself. */
interface PlacedWorkload {
  readonly workload: Meshed;
  readonly ports: ReadonlyMap<number, ServedPort>;
  readonly bindings: readonly BindingIr[];
}

export type WorkloadTranslator = (
  workloads: readonly Workload[],
  inputs: WorkloadInputs,
) => readonly WorkloadIr[];

/**
 * Sorted by key. A workload whose inputs did not change is the same object as in the batch before, and so is the list if they all are.
 */
export function createWorkloadTranslator(): WorkloadTranslator {
  // First by what is at hand: when one pod of ten thousand changes, it is the same for all others.
  const atHand = rememberByKey<WorkloadIr>();
  const memory = rememberByKey<WorkloadIr>();
  const meshed = rememberLast(meshedByKey);
  const sameShared = rememberFields<SharedInputs>();
  let last: readonly WorkloadIr[] = [];
  // Most batches change none of these.
  const translated = rememberLast(
    (all: readonly Meshed[], served: ServedPorts, bindingsOf: Bindings, shared: SharedInputs) => {
      const result = all.map((workload) => {
        const ports = served.get(workload.key) ?? noPorts;
        const bindings = bindingsOf.get(workload.key) ?? noBindings;
        const placed = { workload, ports, bindings };
        return atHand.get(workload.key, [workload, ports, bindings, shared], () =>
          memory.get(workload.key, fingerprint(placed, shared), () => translateWorkload(placed, shared)),
        );
      });
      atHand.sweep();
      if (memory.size() > all.length) memory.keep(atHand);
      if (!sameItems(last, result)) last = result;
      return last;
    },
  );
  return (workloads, { served, bindings, mesh, security, limits, audiences, zoneOf }) =>
    translated(
      meshed(workloads),
      served,
      bindings,
      sameShared({ mesh, security, limits, audiences, zoneOf }),
    );
}

const noPorts: PlacedWorkload['ports'] = new Map();
const noBindings: PlacedWorkload['bindings'] = [];

function meshedByKey(workloads: readonly Workload[]): readonly Meshed[] {
  return workloads.filter(isMeshed).toSorted(byText(({ key }) => key));
}

function isMeshed(workload: Workload): workload is Meshed {
  return workload.meshed !== null;
}

/** Everything translateWorkload looks at. */
function fingerprint(
  { workload, ports, bindings }: PlacedWorkload,
  { mesh, security, limits, audiences, zoneOf }: SharedInputs,
): readonly unknown[] {
  const byServices = workload.source.kind === 'ExternalWorkload' ? security : null;
  const audience = audiences.of(workload.meshed);
  const seen: unknown[] = [workload, mesh, byServices, bindings, audience, zoneOf(workload)];
  const guards = (port: number | null): void => {
    seen.push(security.guard(workload, { port, protocol: 'HTTP', knownPorts: ports }));
    seen.push(security.guard(workload, { port, protocol: 'TCP', knownPorts: ports }));
  };
  for (const [port, { protocol, isDeclared, services, servicePorts }] of ports) {
    seen.push(port, protocol, isDeclared, ...services);
    for (const key of servicePorts) seen.push(limits.get(key));
    guards(port);
  }
  guards(null);
  return seen;
}

/** Its volume reads the annotation, and is made with it. */
function hasPodCertificate({ source: { kind, metadata } }: Workload): boolean {
  return kind === 'Pod' && metadata.annotations?.[sdsAnnotations.leaf] !== undefined;
}

function sampled(mesh: Mesh, workload: Workload): Pick<WorkloadIr, 'sampling'> {
  const sampling = samplingOf(mesh, workload);
  return sampling.length === 0 ? {} : { sampling };
}

function translateWorkload(
  { workload, ports, bindings }: PlacedWorkload,
  { mesh, security, limits, audiences, zoneOf }: SharedInputs,
): WorkloadIr {
  const { meshed: identity, source } = workload;
  const { kind, metadata } = source;
  const others = security.guard(workload, { port: null, protocol: 'TCP', knownPorts: ports });
  return {
    key: workload.key,
    kind,
    namespace: workload.namespace,
    name: workload.name,
    uid: metadata.uid ?? '',
    identity,
    ...(hasPodCertificate(workload) && { hasPodCertificate: true }),
    audience: audiences.of(identity),
    zone: zoneOf(workload),
    intercepted: kind === 'Pod',
    addresses: workload.addresses,
    inbound: inboundPorts(workload, ports, security, limits),
    otherInbound: otherInbound(workload, ports, security),
    bindings,
    accessLogs: accessLogsOf(mesh, workload),
    ...sampled(mesh, workload),
    // The Mesh: trust domain and outbound mode shape every sidecar.
    origins: mergeOrigins([workload.origin, originOf(mesh)], others.origins),
  };
}
