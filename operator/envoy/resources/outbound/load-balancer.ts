// How endpoints are chosen: the algorithm is a fact of the cluster, and what it hashes one of routes.
import type { DestinationIr, HashOnIr, LoadBalancerIr } from '../../../ir/destination.ts';
import type { ServicePortIr } from '../../../ir/service.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { duration } from '../../proto/well-known.ts';

/** Fields of a cluster. */
export function loadBalancing(
  { loadBalancer }: Pick<DestinationIr, 'loadBalancer'>,
  protocol: ServicePortIr['protocol'],
): EnvoyMessage {
  if (loadBalancer === null) return { lb_policy: protocol === 'HTTP' ? 'LEAST_REQUEST' : 'ROUND_ROBIN' };
  return { lb_policy: algorithm[loadBalancer.type], ...slowStart(loadBalancer) };
}

const algorithm: Readonly<Record<LoadBalancerIr['type'], string>> = {
  LeastRequest: 'LEAST_REQUEST',
  RoundRobin: 'ROUND_ROBIN',
  Random: 'RANDOM',
  RingHash: 'RING_HASH',
  Maglev: 'MAGLEV',
};

function slowStart({ type, slowStart: grows }: LoadBalancerIr): EnvoyMessage {
  if (grows === null) return {};
  const config = {
    slow_start_config: {
      slow_start_window: duration(grows.windowMs),
      min_weight_percent: { value: grows.minWeightPercentage },
    },
  };
  return type === 'RoundRobin' ? { round_robin_lb_config: config } : { least_request_lb_config: config };
}

/** Fields of a route's action. Terminal: later ones count only if it has given nothing. */
export function hashPolicy(hashOn: readonly HashOnIr[]): EnvoyMessage {
  if (hashOn.length === 0) return {};
  return { hash_policy: hashOn.map((one) => ({ ...specifier(one), terminal: true })) };
}

function specifier(hashOn: HashOnIr): EnvoyMessage {
  switch (hashOn.type) {
    case 'Header':
      return { header: { header_name: hashOn.name } };
    case 'QueryParameter':
      return { query_parameter: { name: hashOn.name } };
    case 'Cookie':
      return { cookie: { name: hashOn.name, ttl: duration(hashOn.ttlMs), path: '/' } };
    case 'SourceAddress':
      return { connection_properties: { source_ip: true } };
  }
}
