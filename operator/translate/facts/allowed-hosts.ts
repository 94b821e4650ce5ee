// The hosts outside the mesh that the Mesh lists.
import type { Mesh } from '../../../api/v1alpha1/mesh.ts';
import type { AllowedHostIr } from '../../ir/allowed-host.ts';
import { byText } from '../../values/compare-text.ts';

/** Sorted: another order is no other wish. */
export function allowedHosts({ spec: { outbound } }: Mesh): readonly AllowedHostIr[] {
  return outbound.hosts
    .flatMap(({ host, ports }) => ports.map(({ port, protocol }) => ({ host, port, protocol })))
    .toSorted(byText(({ host, protocol }) => `${protocol} ${host}`))
    .toSorted((a, b) => a.port - b.port);
}
