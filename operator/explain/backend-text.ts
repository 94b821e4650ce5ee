// Backends as people read them: who the endpoints are, and how one is chosen.
import { blackholeCluster, egressCluster, isEgressCluster } from '../envoy/resources/names.ts';
import type { Backend, BackendEndpoint, Balancing } from './explanation.ts';

const mostEndpoints = 5;

export function backendText(
  { cluster, share, endpoints, refusal }: Backend,
  isOneOfSeveral: boolean,
  fate: string,
): string {
  const portion = isOneOfSeveral ? `${rounded(share)}% ` : '';
  if (isEgressCluster(cluster))
    return `${portion}the host that the call names, at the address that the sidecar resolves${cluster === egressCluster ? '' : ', over TLS that the sidecar begins'}`;
  if (endpoints === null) return `${portion}wherever the caller connects to`;
  if (cluster === blackholeCluster) return `${portion}closed at once`;
  if (refusal !== null) return `${portion}none, ${fate}: ${refusal}`;
  const title = `${portion}${clusterText(cluster)}`;
  if (endpoints.length === 0) return `${title}: no endpoints, ${fate}`;
  const named = endpoints.slice(0, mostEndpoints).map(
    (endpoint, index) =>
      // What is behind `then` takes over from what is before it.
      `${index === 0 ? '' : endpoint.priority === endpoints[index - 1]?.priority ? ', ' : '; then '}${endpointText(endpoint)}`,
  );
  const more = endpoints.length > mostEndpoints ? `, ${endpoints.length - mostEndpoints} more` : '';
  return `${title}: ${named.join('')}${more}`;
}

function endpointText({ address, mtls, draining, zone, zoneShare }: BackendEndpoint): string {
  const share = zoneShare === null ? '' : ` with ${rounded(zoneShare)}%`;
  const facts = [
    mtls ? 'mTLS' : 'plaintext',
    ...(draining ? ['draining'] : []),
    ...(zone === null ? [] : [`zone ${zone}${share}`]),
  ];
  return `${address} (${facts.join(', ')})`;
}

/** `Service shop/reviews port 9080, subset v1` */
export function clusterText(cluster: string): string {
  const [namespace = '', service = '', port = '', subset] = cluster.split('/');
  return `Service ${namespace}/${service} port ${port}${subset === undefined ? '' : `, subset ${subsetText(subset)}`}`;
}

/** `v1`, or `v1 of namespace qa` for one that a consumer policy declares. */
function subsetText(subset: string): string {
  return subset.replace('@', ' of namespace ');
}

export function balancingText(
  { type, slowStartMs, isChecked }: Balancing,
  hashOn: readonly string[],
): string {
  const isHashed = type === 'RingHash' || type === 'Maglev';
  return [
    `${type}${isHashed && hashOn.length > 0 ? ` of ${hashOn.join(', else ')}` : ''}`,
    ...(slowStartMs > 0 ? [`new endpoints within ${milliseconds(slowStartMs)}`] : []),
    ...(isChecked ? ['without those that fail health checks'] : []),
  ].join(', ');
}

export function milliseconds(value: number): string {
  return value % 1000 === 0 ? `${value / 1000}s` : `${value}ms`;
}

export function rounded(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}
