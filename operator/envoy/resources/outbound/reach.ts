// What callers need to reach a service, besides routes of requests; endpoints by zone come on their own.
import type { ServicePortIr } from '../../../ir/service.ts';
import type { XdsResource } from '../xds-resource.ts';
import { buildClusters } from './clusters.ts';
import { buildConnectionRoutes } from './connection-routes.ts';
import { buildEndpoints } from './endpoints.ts';
import { isZoned } from './zones.ts';

export function buildReach(service: ServicePortIr): readonly XdsResource[] {
  return [
    ...buildClusters(service),
    ...(isZoned(service) ? [] : buildEndpoints(service, null)),
    ...(service.protocol === 'TCP' ? [buildConnectionRoutes(service)] : []),
  ];
}
