// Addresses: IP literals where Envoy resolves nothing, and ranges of them. Entry: addressProblems.
import type { Problem } from './problem.ts';
import { ipVersion } from '../../values/ip-address.ts';
import { enclosing, isMessage, type Place, textOf } from './walk.ts';

const clusterType = 'envoy.config.cluster.v3.Cluster';

const socketAddress = 'envoy.config.core.v3.SocketAddress';

export const addressTypes: ReadonlySet<string> = new Set([
  socketAddress,
  'envoy.config.core.v3.CidrRange',
  'xds.core.v3.CidrRange',
]);

/** Of a message of one of these types. */
export function addressProblems(place: Place): readonly Problem[] {
  if (place.shape.name !== socketAddress) return rangeProblems(place);
  return isResolved(place) ? [] : socketAddressProblems(place);
}

/** Whether names are looked up: in the endpoints of a DNS cluster, or by a resolver of the address's own. */
function isResolved(place: Place): boolean {
  if (typeof place.message['resolver_name'] === 'string' && place.message['resolver_name'] !== '')
    return true;
  const cluster = enclosing(place, clusterType)?.message;
  const isEndpoint = enclosing(place, 'envoy.config.endpoint.v3.ClusterLoadAssignment') !== null;
  if (cluster === undefined || !isEndpoint) return false;
  return (
    ['STRICT_DNS', 'LOGICAL_DNS'].includes(textOf(cluster['type'])) || isMessage(cluster['cluster_type'])
  );
}

function socketAddressProblems({ message }: Place): readonly Problem[] {
  const problems: Problem[] = [];
  const address = message['address'];
  if (typeof address === 'string' && address !== '' && ipVersion(address) === 0) {
    problems.push({ path: 'address', text: `${JSON.stringify(address)} must be an IP address` });
  }
  if (typeof message['named_port'] === 'string') {
    problems.push({ path: 'named_port', text: 'ports are given by number: set port_value' });
  }
  return problems;
}

function rangeProblems({ message }: Place): readonly Problem[] {
  const prefix = message['address_prefix'];
  if (typeof prefix !== 'string' || prefix === '') return [];
  if (ipVersion(prefix) !== 0) return [];
  return [{ path: 'address_prefix', text: `${JSON.stringify(prefix)} must be an IP address` }];
}
