// The endpoints of each cluster, with what is to be known of each: whether its sidecar takes mutual TLS, whether
// it is about to leave, and, for headless services, the address by which it is chosen.
import type { Origin } from '../../../ir/origin.ts';
import { type EndpointIr, mayBeChecked, type ServicePortIr } from '../../../ir/service.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { authority, clusterName } from '../names.ts';
import { resource } from '../resource.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { XdsResource } from '../xds-resource.ts';
import { copiesClusterName } from './copies.ts';
import { type LocalityGroup, localityGroups } from './locality.ts';

/** What a meshed endpoint's `envoy.transport_socket_match` metadata says. */
export const meshedEndpoint = { tls: 'mesh' };

/** zone: of the callers; null: not known, or it makes no difference. */
export function buildEndpoints(service: ServicePortIr, zone: string | null): readonly XdsResource[] {
  const { key, endpointOrigins, headless } = service;
  const isUnchecked = uncheckedIn(service);
  const { locality } = service.destination;
  const zoned = locality === null ? [] : service.destination.origins;
  const whole = assignment(clusterName(key, null), [...service.origins, ...endpointOrigins, ...zoned], {
    // Who is addressed by address is not chosen.
    groups: localityGroups(headless ? null : locality, zone, service.endpoints),
    addressable: headless,
    isUnchecked,
  });
  const subsets = service.subsets.map(({ name, origins, endpoints }) =>
    assignment(clusterName(key, name), [...origins, ...endpointOrigins, ...zoned], {
      groups: localityGroups(locality, zone, endpoints),
      addressable: false,
      isUnchecked,
    }),
  );
  const copies = service.copies.map(({ subset, origins: senders }) => {
    const { endpoints, origins } = service.subsets.find(({ name }) => name === subset) ?? service;
    return assignment(
      copiesClusterName(key, subset),
      [...origins, ...senders, ...endpointOrigins, ...zoned],
      {
        groups: localityGroups(locality, zone, endpoints),
        addressable: false,
        isUnchecked: noneIs,
      },
    );
  });
  return [whole, ...subsets, ...copies];
}

/** All of them under the name of another cluster, whatever the zone. */
export function allEndpoints(service: ServicePortIr, cluster: string): XdsResource {
  return assignment(cluster, [...service.origins, ...service.endpointOrigins], {
    groups: localityGroups(null, null, service.endpoints),
    addressable: false,
    isUnchecked: noneIs,
  });
}

/** The `envoy.lb` metadata by which one endpoint of a headless service is chosen. */
export function byAddress(endpoint: Pick<EndpointIr, 'address' | 'port'>): EnvoyMessage {
  return { address: authority(endpoint.address, endpoint.port) };
}

type Is = (endpoint: EndpointIr) => boolean;

/** What is not checked. */
function uncheckedIn({ destination, namespace }: ServicePortIr): Is {
  return destination.healthCheck === null ? noneIs : (endpoint) => !mayBeChecked(endpoint, namespace);
}

function noneIs(): boolean {
  return false;
}

interface Assigned {
  readonly groups: readonly LocalityGroup[];
  readonly addressable: boolean;
  readonly isUnchecked: Is;
}

function assignment(cluster: string, origins: readonly Origin[], { groups, ...how }: Assigned): XdsResource {
  return resource(typeUrl.endpoint, {
    name: cluster,
    message: {
      cluster_name: cluster,
      endpoints: groups.map((group) => localityEndpoints(group, how)),
    },
    origins,
  });
}

function localityEndpoints(
  { priority, zone, weight, endpoints }: LocalityGroup,
  how: Omit<Assigned, 'groups'>,
): EnvoyMessage {
  return {
    ...(zone !== null && { locality: { zone } }),
    lb_endpoints: endpoints.map((endpoint) => lbEndpoint(endpoint, how)),
    ...(weight !== null && { load_balancing_weight: { value: weight } }),
    ...(priority > 0 && { priority }),
  };
}

function lbEndpoint(
  endpoint: EndpointIr,
  { addressable, isUnchecked }: Omit<Assigned, 'groups'>,
): EnvoyMessage {
  const metadata = addressable ? addressedMetadata(endpoint) : endpoint.mtls ? meshedMetadata : null;
  return {
    endpoint: {
      address: { socket_address: { address: endpoint.address, port_value: endpoint.port } },
      ...(isUnchecked(endpoint) && { health_check_config: { disable_active_health_check: true } }),
    },
    health_status: endpoint.health === 'Draining' ? 'DRAINING' : 'HEALTHY',
    ...(metadata !== null && { metadata }),
  };
}

/** One for the endpoints of all clusters. */
const meshedMetadata = { filter_metadata: { 'envoy.transport_socket_match': meshedEndpoint } };

function addressedMetadata(endpoint: EndpointIr): EnvoyMessage {
  const ofMeshed = endpoint.mtls ? meshedMetadata.filter_metadata : {};
  return { filter_metadata: { 'envoy.lb': byAddress(endpoint), ...ofMeshed } };
}
