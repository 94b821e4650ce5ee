// How sidecars reach external authorizers: a cluster for each, besides the one of its Service. What Envoy asks by itself has no protocol that could be kept
// on the way, so that the cluster has to name one. Only the sidecars that ask have it.
import type { AuthorizerIr } from '../../../../ir/authorizer.ts';
import type { WorkloadIr } from '../../../../ir/mesh-ir.ts';
import { seenBy, type ServicePortIr } from '../../../../ir/service.ts';
import { rememberByKey, rememberLast } from '../../../../values/remember.ts';
import type { EnvoyMessage } from '../../../proto/envoy-message.ts';
import { typeUrl } from '../../../proto/type-urls.ts';
import { http1, http2 } from '../../http-protocol.ts';
import { clusterName } from '../../names.ts';
import { serviceCluster } from '../../outbound/clusters.ts';
import { commonHttpFields } from '../../outbound/connection.ts';
import { errorMatcher } from '../../outbound/ejection.ts';
import { allEndpoints } from '../../outbound/endpoints.ts';
import { resource } from '../../resource.ts';
import { protocolOptions } from '../../upstream.ts';
import type { LayerId, XdsResource } from '../../xds-resource.ts';

type Asked = Pick<AuthorizerIr, 'service' | 'protocol'>;

/** `shop/opa/9191//authorizer/GRPC`: no subset has a name with a slash, or none. */
export function authorizerCluster({ service, protocol }: Asked): string {
  return `${clusterName(service, '')}/authorizer/${protocol}`;
}

const none: readonly LayerId[] = [];

/** Of the views of workloads that ask. */
export function authorizerLayers({ inbound }: WorkloadIr): readonly LayerId[] {
  if (inbound.every(({ authorizers }) => authorizers.length === 0)) return none;
  return [...new Set(inbound.flatMap(({ authorizers }) => authorizers).map(layerOf))];
}

function layerOf(asked: Asked): LayerId {
  return `authorizer/${authorizerCluster(asked)}`;
}

type Layers = readonly (readonly [LayerId, readonly XdsResource[]])[];

/** One for each authorizer that some workload asks. Remembers: what did not change gives the same objects. */
export function createAuthorizerLayers(): (
  services: readonly ServicePortIr[],
  workloads: readonly WorkloadIr[],
) => Layers {
  const memory = rememberByKey<readonly XdsResource[]>();
  const askedIn = rememberLast(askedBy);
  return rememberLast((services: readonly ServicePortIr[], workloads: readonly WorkloadIr[]) => {
    const asked = askedIn(workloads);
    if (asked.size === 0) return [];
    const byKey = new Map(services.map((service) => [service.key, service]));
    const layers = [...asked].map(([layer, authorizer]) => {
      const service = byKey.get(authorizer.service);
      if (service === undefined) return [layer, []] as const;
      return [layer, memory.get(layer, [service], () => buildAuthorizer(service, authorizer))] as const;
    });
    memory.sweep();
    return layers;
  });
}

/** Each once. Most workloads ask nobody, and there are thousands in each batch: no list is made for them. */
function askedBy(workloads: readonly WorkloadIr[]): ReadonlyMap<LayerId, AuthorizerIr> {
  const asked = new Map<LayerId, AuthorizerIr>();
  for (const { inbound } of workloads)
    for (const { authorizers } of inbound) for (const one of authorizers) asked.set(layerOf(one), one);
  return asked;
}

/** As its callers see the Service that are no consumers of it. */
function buildAuthorizer(service: ServicePortIr, asked: Asked): readonly XdsResource[] {
  const seen = seenBy(service, null);
  const { destination, endpointOrigins, origins } = seen;
  const name = authorizerCluster(asked);
  const { connection, outlierDetection } = destination;
  const cluster = resource(typeUrl.cluster, {
    name,
    message: {
      ...serviceCluster(seen, null),
      name,
      typed_extension_protocol_options: protocolOptions(commonHttpFields(connection), {
        ...explicitly(asked.protocol),
        ...errorMatcher(outlierDetection),
      }),
    },
    origins: [...origins, ...endpointOrigins, ...destination.origins],
  });
  return [cluster, allEndpoints(seen, name)];
}

function explicitly(protocol: Asked['protocol']): EnvoyMessage {
  return {
    explicit_http_config:
      protocol === 'GRPC' ? { http2_protocol_options: http2 } : { http_protocol_options: http1 },
  };
}
