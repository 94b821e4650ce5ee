// Ports of Services, with the ports of workloads with a sidecar that they lead to. Pure.
import type { InboundPortIr } from '../../ir/inbound.ts';
import type { MeshIr } from '../../ir/mesh-ir.ts';
import type { ServicePortIr } from '../../ir/service.ts';

export interface ServedPort {
  readonly service: ServicePortIr;
  readonly inbound: InboundPortIr;
}

export function servedPorts({ services, workloads }: MeshIr): readonly ServedPort[] {
  const byKey = new Map(workloads.map((workload) => [workload.key, workload]));
  return services.flatMap((service) =>
    service.endpoints.flatMap(({ workload, port }) => {
      const inbound = byKey.get(workload)?.inbound.find((one) => one.port === port);
      return inbound === undefined ? [] : [{ service, inbound }];
    }),
  );
}
