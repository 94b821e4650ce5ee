// Who is behind a cluster.
import type { EnvoyMessage } from '../envoy/proto/envoy-message.ts';
import { authority, unresolvedCluster } from '../envoy/resources/names.ts';
import { balancingOf } from './balancing.ts';
import type { Backend, BackendEndpoint } from './explanation.ts';
import { knowingOnly, messageIn, messagesIn, numberIn, textIn, UnreadableError } from './fields.ts';
import type { ProxyConfig } from './proxy-config.ts';

export function backendOf(config: ProxyConfig, cluster: string): Omit<Backend, 'share'> {
  const message = config.clusters.get(cluster)?.message;
  if (message === undefined) throw new UnreadableError(`there is no cluster ${cluster}`);
  switch (textIn(message, 'type') ?? textIn(messageIn(message, 'cluster_type') ?? {}, 'name')) {
    case 'ORIGINAL_DST':
    // Wherever the name leads that the caller asks for.
    case 'envoy.clusters.dynamic_forward_proxy':
      return { cluster, balancing: null, endpoints: null, refusal: null };
    case 'EDS':
      return {
        cluster,
        balancing: balancingOf(message),
        endpoints: endpointsOf(config.endpoints.get(cluster)?.message ?? {}),
        refusal: null,
      };
    case 'STATIC':
      return {
        cluster,
        balancing: null,
        endpoints: endpointsOf(messageIn(message, 'load_assignment') ?? {}),
        refusal: null,
      };
    default:
      throw new UnreadableError(`explain does not know the type of cluster ${cluster}`);
  }
}

/** An entry of weighted_clusters. */
export function weightedBackend(
  config: ProxyConfig,
  entry: EnvoyMessage,
): Omit<Backend, 'share'> & { readonly weight: number } {
  knowingOnly(entry, ['name', 'weight', 'metadata_match', 'response_headers_to_add']);
  const cluster = textIn(entry, 'name') ?? '';
  const weight = numberIn(entry, 'weight') ?? 0;
  if (cluster !== unresolvedCluster) return { ...backendOf(config, cluster), weight };
  const [header] = messagesIn(entry, 'response_headers_to_add').map((one) => messageIn(one, 'header') ?? {});
  return { cluster, balancing: null, endpoints: [], refusal: textIn(header ?? {}, 'value') ?? '', weight };
}

/** In percent. Envoy counts those of weight 0 as backends that get nothing. */
export function withShares(
  backends: readonly (Omit<Backend, 'share'> & { readonly weight: number })[],
): readonly Backend[] {
  const sum = backends.reduce((total, { weight }) => total + weight, 0);
  return backends.map(({ weight, ...backend }) => ({
    ...backend,
    share: sum === 0 ? 0 : (weight / sum) * 100,
  }));
}

function endpointsOf(assignment: EnvoyMessage): readonly BackendEndpoint[] {
  const groups = messagesIn(assignment, 'endpoints').map((group) => ({
    group: knowingOnly(group, ['locality', 'lb_endpoints', 'load_balancing_weight', 'priority']),
    priority: numberIn(group, 'priority') ?? 0,
    weight: numberIn(messageIn(group, 'load_balancing_weight') ?? {}, 'value'),
  }));
  return groups.flatMap(({ group, priority, weight }) => {
    const zone = textIn(messageIn(group, 'locality') ?? {}, 'zone');
    const sum = groups.reduce(
      (total, other) => total + (other.priority === priority ? (other.weight ?? 0) : 0),
      0,
    );
    const zoneShare = weight === null ? null : (weight / sum) * 100;
    return messagesIn(group, 'lb_endpoints').map((one) => {
      const socket = messageIn(
        messageIn(messageIn(one, 'endpoint') ?? {}, 'address') ?? {},
        'socket_address',
      );
      const metadata = messageIn(messageIn(one, 'metadata') ?? {}, 'filter_metadata') ?? {};
      const host = textIn(socket ?? {}, 'address') ?? '';
      const port = numberIn(socket ?? {}, 'port_value') ?? 0;
      return {
        address: authority(host, port),
        mtls: messageIn(metadata, 'envoy.transport_socket_match') !== null,
        draining: textIn(one, 'health_status') === 'DRAINING' || textIn(one, 'health_status') === 'DEGRADED',
        priority,
        zone,
        zoneShare,
      };
    });
  });
}
