// Callers without a sidecar: they are in no mesh, and may call all the same.
import type { MeshIr } from '../ir/mesh-ir.ts';
import type { Resources } from '../store/resources.ts';
import { podAddresses } from '../translate/facts/pod-address.ts';
import { authority } from '../envoy/resources/names.ts';
import type { Backend, Explanation } from './explanation.ts';
import type { Asked, Outsider } from './question.ts';

/** Pods and ExternalWorkloads that have none. */
export function outsidersIn(
  { pods, externalWorkloads }: Resources,
  { workloads }: MeshIr,
): readonly Outsider[] {
  const meshed = new Set(workloads.map(({ key }) => key));
  const all = [
    ...pods.map((pod) => ({ kind: 'Pod', metadata: pod.metadata, addresses: podAddresses(pod) })),
    ...externalWorkloads.map(({ kind, metadata, spec }) => ({ kind, metadata, addresses: [spec.address] })),
  ];
  return all
    .map(({ kind, metadata: { namespace = '', name }, addresses }) => {
      return { key: `${kind}/${namespace}/${name}`, namespace, name, addresses };
    })
    .filter(({ key }) => !meshed.has(key));
}

/** What Kubernetes does with the call: any endpoint gets it. */
export function withoutSidecar({ service, call }: Asked): Explanation {
  const shared = { share: 100, balancing: null, refusal: null } as const;
  const backend: Backend =
    service === null
      ? { ...shared, cluster: '', endpoints: null }
      : {
          ...shared,
          cluster: service.key,
          endpoints: service.endpoints
            .filter(({ address }) => !service.headless || address === call.address)
            .map(({ address, port, health }) => ({
              address: authority(address, port),
              mtls: false,
              draining: health === 'Draining',
              priority: 0,
              zone: null,
              zoneShare: null,
            })),
        };
  return { listener: null, outcome: { type: 'Direct', backends: [backend] } };
}
