// Workloads with a sidecar, as their sidecars see them.
import type { Mesh } from '../../../api/v1alpha1/mesh.ts';
import type { BindingIr, IdentityIr, WorkloadIr } from '../../ir/mesh-ir.ts';
import { byText } from '../attachment/precedence.ts';
import { mergeOrigins, originOf } from '../origins.ts';
import type { Security } from '../security/security.ts';
import type { ServedPorts } from '../services/served-ports.ts';
import { inboundPorts, otherInbound } from './inbound.ts';
import type { Workload } from './workload.ts';

interface WorkloadInputs {
  readonly mesh: Mesh;
  readonly served: ServedPorts;
  readonly security: Security;
  /** Key of an ExternalWorkload → its bindings. */
  readonly bindings: ReadonlyMap<string, readonly BindingIr[]>;
}

/** Sorted by key. */
export function translateWorkloads(
  workloads: readonly Workload[],
  inputs: WorkloadInputs,
): readonly WorkloadIr[] {
  return workloads
    .flatMap((workload) =>
      workload.meshed === null ? [] : [translateWorkload(workload, workload.meshed, inputs)],
    )
    .toSorted(byText((workload) => workload.key));
}

function translateWorkload(workload: Workload, identity: IdentityIr, inputs: WorkloadInputs): WorkloadIr {
  const { mesh, served, security, bindings } = inputs;
  const { kind, metadata } = workload.source;
  return {
    key: workload.key,
    kind,
    namespace: workload.namespace,
    name: workload.name,
    uid: metadata.uid ?? '',
    identity,
    intercepted: kind === 'Pod',
    addresses: workload.addresses,
    inbound: inboundPorts(workload, served.get(workload.key) ?? new Map(), security),
    otherInbound: otherInbound(workload, security),
    bindings: bindings.get(workload.key) ?? [],
    // The Mesh: trust domain and outbound mode shape every sidecar.
    origins: mergeOrigins([workload.origin, originOf(mesh)], security.guard(workload, null, 'TCP').origins),
  };
}
