// Workloads with a sidecar, as their sidecars see them.
import type { Mesh } from '../../../api/v1alpha1/mesh.ts';
import type { BindingIr, IdentityIr, WorkloadIr } from '../../ir/mesh-ir.ts';
import { sdsAnnotations } from '../../values/pod-certificates.ts';
import { byText } from '../../values/compare-text.ts';
import { accessLogsOf } from '../facts/access-logs.ts';
import { mergeOrigins, originOf } from '../facts/origins.ts';
import { rememberByKey, rememberLast, sameItems } from '../../values/remember.ts';
import type { Audiences } from '../policies/traffic/audiences.ts';
import type { LimitsByPort } from '../policies/traffic/traffic.ts';
import type { Security } from '../policies/security/security.ts';
import type { ServedPort, ServedPorts } from '../facts/served-ports.ts';
import { inboundPorts, otherInbound } from './inbound.ts';
import type { Workload } from '../facts/workload.ts';
import type { ZoneOf } from '../facts/zones.ts';

interface WorkloadInputs {
  readonly mesh: Mesh;
  readonly served: ServedPorts;
  readonly security: Security;
  readonly limits: LimitsByPort;
  /** Key of an ExternalWorkload → its bindings. */
  readonly bindings: ReadonlyMap<string, readonly BindingIr[]>;
  readonly audiences: Audiences;
  readonly zoneOf: ZoneOf;
}

export type WorkloadTranslator = (
  workloads: readonly Workload[],
  inputs: WorkloadInputs,
) => readonly WorkloadIr[];

/** Sorted by key. A workload whose inputs did not change is the same object as in the batch before. */
export function createWorkloadTranslator(): WorkloadTranslator {
  const memory = rememberByKey<WorkloadIr>();
  const meshed = rememberLast(meshedByKey);
  let last: { readonly inputs: readonly unknown[]; readonly result: readonly WorkloadIr[] } | null = null;
  return (workloads, inputs) => {
    const { mesh, served, security, limits, bindings, audiences, zoneOf } = inputs;
    const all = [workloads, mesh, served, security, limits, bindings, audiences, zoneOf];
    if (last !== null && sameItems(last.inputs, all)) return last.result;
    const result = meshed(workloads).map(({ workload, identity }) =>
      memory.get(workload.key, fingerprint(workload, identity, inputs), () =>
        translateWorkload(workload, identity, inputs),
      ),
    );
    memory.sweep();
    last = { inputs: all, result };
    return result;
  };
}

function meshedByKey(
  workloads: readonly Workload[],
): readonly { readonly workload: Workload; readonly identity: IdentityIr }[] {
  return workloads
    .flatMap((workload) => (workload.meshed === null ? [] : [{ workload, identity: workload.meshed }]))
    .toSorted(byText(({ workload }) => workload.key));
}

/** Everything translateWorkload looks at. */
function fingerprint(
  workload: Workload,
  identity: IdentityIr,
  { mesh, served, security, limits, bindings, audiences, zoneOf }: WorkloadInputs,
): readonly unknown[] {
  const ports = [...(served.get(workload.key) ?? [])].flatMap(
    ([port, { protocol, isDeclared, services, servicePorts }]) => {
      const limited = servicePorts.map((key) => limits.get(key));
      return [port, protocol, isDeclared, ...services, ...limited];
    },
  );
  const { source } = workload;
  const byServices = source.kind === 'ExternalWorkload' ? security : null;
  const guards = [...portsOf(served, workload).keys(), null].flatMap((port) =>
    (['HTTP', 'TCP'] as const).map((protocol) =>
      security.guard(workload, { port, protocol, knownPorts: portsOf(served, workload) }),
    ),
  );
  const audience = audiences.of(identity);
  const zone = zoneOf(workload);
  return [workload, mesh, byServices, bindings.get(workload.key), audience, zone, ...ports, ...guards];
}

function portsOf(served: ServedPorts, { key }: Workload): ReadonlyMap<number, ServedPort> {
  return served.get(key) ?? noPorts;
}

const noPorts: ReadonlyMap<number, ServedPort> = new Map();

/** Its volume reads the annotation, and is made with it. */
function hasPodCertificate({ source: { kind, metadata } }: Workload): boolean {
  return kind === 'Pod' && metadata.annotations?.[sdsAnnotations.leaf] !== undefined;
}

function translateWorkload(workload: Workload, identity: IdentityIr, inputs: WorkloadInputs): WorkloadIr {
  const { mesh, served, security, limits, bindings, audiences, zoneOf } = inputs;
  const { kind, metadata } = workload.source;
  const ports = portsOf(served, workload);
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
    bindings: bindings.get(workload.key) ?? [],
    accessLogs: accessLogsOf(mesh, workload),
    // The Mesh: trust domain and outbound mode shape every sidecar.
    origins: mergeOrigins([workload.origin, originOf(mesh)], others.origins),
  };
}
