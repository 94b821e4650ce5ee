// Routes of connections: what a TrafficPolicy says in tlsRoutes and tcpRoutes, and what is in effect at a service port.
import type { TrafficPolicySpec } from '../../../../api/v1alpha1/traffic/policy.ts';
import type { ConnectionRouteIr } from '../../../ir/route.ts';
import type { PortView } from '../../facts/service-view.ts';
import type { ConnectionRouteClaim, RoutingClaim } from './claims.ts';
import { type Effect, resolveBackends, type RoutedPort } from './resolve.ts';

type Spec = Pick<TrafficPolicySpec, 'tcpRoutes' | 'tlsRoutes'>;

/** Those by server name first. */
export function connectionRoutesOf({ tcpRoutes, tlsRoutes }: Spec): readonly ConnectionRouteClaim[] {
  return [
    ...tlsRoutes.map((route, index) => claimOf(`tlsRoutes[${index}]`, route.sni, route)),
    ...tcpRoutes.map((route, index) => claimOf(`tcpRoutes[${index}]`, [], route)),
  ];
}

function claimOf(
  name: string,
  sni: readonly string[],
  { backends, fault }: Spec['tcpRoutes'][number],
): ConnectionRouteClaim {
  return {
    name,
    sni,
    backends: backends.map(({ subset = null, weight }) => ({ service: null, subset, weight })),
    abortPercentage: fault?.abort.percentage ?? 0,
  };
}

/** Those that can have an effect at such a port: a server name can only be read where the Service says that there is one. */
export function connectionRoutesAt(
  { connectionRoutes }: Pick<RoutingClaim, 'connectionRoutes'>,
  { protocol, tls }: Pick<PortView, 'protocol' | 'tls'>,
): readonly ConnectionRouteClaim[] {
  if (protocol === 'HTTP') return [];
  return tls ? connectionRoutes : connectionRoutes.filter(({ sni }) => sni.length === 0);
}

export function resolveConnectionRoutes(
  port: RoutedPort,
  view: Pick<PortView, 'protocol' | 'tls'>,
  { routing }: Effect,
): readonly ConnectionRouteIr[] {
  if (routing === null) return [];
  const { value, origin } = routing;
  return connectionRoutesAt(value, view).map((route) => ({
    ...route,
    backends: resolveBackends(route, port, routing),
    author: origin,
  }));
}
