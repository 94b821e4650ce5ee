// What the listeners of the allow list ask for: the filters and routes of each port, and where calls go.
import type { XdsResource } from '../xds-resource.ts';
import { buildEgressCluster } from './clusters.ts';
import { buildHostFilters } from './connections.ts';
import { egressPorts } from './listeners.ts';
import { buildOrigination } from './origination.ts';
import { buildEgressRoutes } from './routes.ts';
import type { EgressSettings } from './settings.ts';

/** Nothing, if no host is in the list, and none is to be learnt. publicRoots: PEM of the public CAs. */
export function buildEgress(settings: EgressSettings, publicRoots: string): readonly XdsResource[] {
  const ports = egressPorts(settings);
  if (ports.length === 0) return [];
  return [
    buildEgressCluster(settings.origin),
    ...buildOrigination(settings.allowedHosts, publicRoots, settings.origin),
    ...ports.flatMap(({ port, readsHttp }) => [
      ...buildHostFilters(settings, port),
      ...(readsHttp ? [buildEgressRoutes(settings, port)] : []),
    ]),
  ];
}
