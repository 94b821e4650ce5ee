// A cluster for each service port and for each of its subsets: who its endpoints are is said by endpoints.ts.
// Endpoints whose metadata says so are spoken to in mutual TLS, the others in plaintext.
import type { DestinationIr } from '../../../ir/destination.ts';
import type { CopiesIr, ServicePortIr } from '../../../ir/service.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { clusterName, serviceHost } from '../names.ts';
import { resource } from '../resource.ts';
import { plaintext, upstreamTls } from '../tls.ts';
import { overAds } from '../typed-config.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { XdsResource } from '../xds-resource.ts';
import { httpOptions } from '../upstream.ts';
import { circuitBreakers } from './circuit-breaker.ts';
import { commonHttpFields, connectionFields, http2Fields } from './connection.ts';
import { ejection, errorMatcher } from './ejection.ts';
import { copiesClusterName, copiesDuration, copiesLimits } from './copies.ts';
import { meshedEndpoint } from './endpoints.ts';
import { healthChecks } from './health-check.ts';
import { loadBalancing } from './load-balancer.ts';

export function buildClusters(service: ServicePortIr): readonly XdsResource[] {
  const whole = resource(typeUrl.cluster, {
    name: clusterName(service.key, null),
    message: { ...checked(service, null), ...(service.headless && addressable) },
    origins: [...service.origins, ...service.endpointOrigins, ...service.destination.origins],
  });
  const subsets = service.subsets.map((subset) =>
    resource(typeUrl.cluster, {
      name: clusterName(service.key, subset.name),
      message: checked(service, subset.name),
      origins: [...subset.origins, ...service.endpointOrigins, ...service.destination.origins],
    }),
  );
  return [whole, ...subsets, ...service.copies.map((copies) => copiesCluster(service, copies))];
}

function copiesCluster(service: ServicePortIr, { subset, origins: senders }: CopiesIr): XdsResource {
  const { origins } = service.subsets.find(({ name }) => name === subset) ?? service;
  const name = copiesClusterName(service.key, subset);
  return resource(typeUrl.cluster, {
    name,
    message: {
      ...serviceCluster(service, subset),
      name,
      circuit_breakers: copiesLimits,
      typed_extension_protocol_options: serviceOptions(service.destination, copiesDuration),
    },
    origins: [...origins, ...senders, ...service.endpointOrigins, ...service.destination.origins],
  });
}

/** Copies go to endpoints of such clusters, and are none to wait for: theirs check nothing again. */
function checked(service: ServicePortIr, subset: string | null): EnvoyMessage {
  const checks = healthChecks(service.destination.healthCheck, serviceHost(service.key));
  return { ...serviceCluster(service, subset), ...checks };
}

/** subset: null for all endpoints. */
export function serviceCluster(service: ServicePortIr, subset: string | null): EnvoyMessage {
  const { destination, protocol } = service;
  // Who is addressed by address is not chosen.
  const choosesByZone = !service.headless || subset !== null;
  return {
    name: clusterName(service.key, subset),
    type: 'EDS',
    eds_cluster_config: { eds_config: overAds },
    ...connectionFields(destination.connection),
    ...loadBalancing(destination, protocol),
    common_lb_config: {
      healthy_panic_threshold: { value: destination.panicThreshold },
      ...(choosesByZone && zones(destination.locality)),
    },
    circuit_breakers: circuitBreakers(destination.circuitBreaker, protocol),
    transport_socket_matches: [
      {
        name: 'mesh',
        match: meshedEndpoint,
        transport_socket: upstreamTls(service.peerIdentities.map((exact) => ({ exact }))),
      },
      { name: 'plaintext', match: {}, transport_socket: plaintext },
    ],
    ...ejection(destination, protocol),
    ...(protocol === 'HTTP' && { typed_extension_protocol_options: serviceOptions(destination) }),
    ...(protocol === 'HTTP' && service.endpoints.some(({ mtlsDisabled }) => mtlsDisabled) && notMutual),
  };
}

/**
 * Envoy changes endpoints in place, and keeps the connections to them that it has. Without this, callers would go on in plaintext after
 * the mode Disabled, and be refused for as long as they are busy. Another cluster has connections of its own; those of the
 * former one end with their requests.
 */
const notMutual = { metadata: { filter_metadata: { 'meshwright.dev': { mtls: 'Disabled' } } } };

/** Fields of common_lb_config. Who is used before whom is said with the endpoints; else Envoy would prefer its own zone where it knows it. */
function zones(locality: DestinationIr['locality']): EnvoyMessage {
  switch (locality?.type) {
    case undefined:
      return {};
    case 'Failover':
      return { zone_aware_lb_config: { routing_enabled: { value: 0 } } };
    case 'Weighted':
      return { locality_weighted_lb_config: {} };
  }
}

/** more: fields of common_http_protocol_options. */
function serviceOptions(
  { connection, outlierDetection }: DestinationIr,
  more: EnvoyMessage = {},
): EnvoyMessage {
  return httpOptions(
    { ...commonHttpFields(connection), ...more },
    {
      ...http2Fields(connection),
      ...errorMatcher(outlierDetection),
    },
  );
}

/**
 * Headless: who was addressed by address is who gets the request, or nobody. Requests that name no address, such
 * as those of a binding, go to any endpoint. Subsets are chosen by routes, which have the last word.
 */
const addressable = {
  lb_subset_config: {
    fallback_policy: 'ANY_ENDPOINT',
    subset_selectors: [{ keys: ['address'], single_host_per_subset: true, fallback_policy: 'NO_FALLBACK' }],
  },
};
