// A listener for each port of the allow list. Bound to nothing: the capture listener hands over what was going to that port of an address
// that no other listener has. It names no host, and so does not change with them.
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { duration } from '../../proto/well-known.ts';
import { refusedConnectionLog } from '../access-log.ts';
import { anyAddress, anyAddressKeys } from '../any-address.ts';
import { blackholeCluster, egressListenerName, egressRoutes } from '../names.ts';
import { closedChain, type KnownAddresses, knownAddresses, takeChain } from '../outbound/known-addresses.ts';
import { addressedDestination, outboundHttp } from '../outbound/connection-manager.ts';
import { filterStateType, formatted } from '../outbound/connection-routes.ts';
import type { ListenerLogs } from '../named-logs.ts';
import { resource } from '../resource.ts';
import { hostStats } from '../stats-log.ts';
import { tcpProxy } from '../tcp-proxy.ts';
import { tlsInspector } from '../tls-inspector.ts';
import { extension } from '../typed-config.ts';
import type { XdsResource } from '../xds-resource.ts';
import { unknownCluster, unknownFilters } from '../outbound/unknown-destinations.ts';
import { hostsAt, portsOf } from './allow-list.ts';
import { dnsCache } from './clusters.ts';
import { hostFilters } from './connections.ts';
import type { EgressSettings } from './settings.ts';
import { outbound } from '../vantage.ts';

/** What of the allow list a listener says. */
export interface EgressPort {
  readonly port: number;
  /** Whether some host is known by its Host header there: what is not TLS is taken for HTTP. */
  readonly readsHttp: boolean;
}

export function egressPorts({ allowedHosts, learnsHosts }: EgressSettings): readonly EgressPort[] {
  const learnt = learnsHosts ? [wellKnown.http, wellKnown.tls] : [];
  return portsOf(allowedHosts, learnt).map((port) => {
    const isLearnt = learnsHosts && port === wellKnown.http;
    return { port, readsHttp: isLearnt || hostsAt(allowedHosts, port, 'HTTP').length > 0 };
  });
}

const wellKnown = { http: 80, tls: 443 } as const;

export function egressListener(
  { port, readsHttp }: EgressPort,
  known: KnownAddresses,
  { origin, outboundMode }: EgressSettings,
): XdsResource {
  const name = egressListenerName(port);
  return resource(typeUrl.listener, {
    name,
    message: {
      name,
      ...anyAddress(port, known.ipv6),
      bind_to_port: false,
      traffic_direction: 'OUTBOUND',
      access_log: [refusedConnectionLog('outbound')],
      // Clients speak first, of both protocols. Who does not is taken for plaintext in the end.
      listener_filters: [tlsInspector],
      listener_filters_timeout: duration(5_000),
      continue_on_listener_filters_timeout: true,
      filter_chain_matcher: knownAddresses(known.addresses, { matcher: tlsOrPlain }),
      filter_chains: [
        {
          name: 'http',
          filters: [
            outboundHttp({ statPrefix: 'outbound', destination: addressedDestination, named: known.named }),
          ],
        },
        closedChain,
        { name: 'tls', filters: [...hostFilters(port), resolve(port), toHost] },
        {
          name: 'plain',
          filters: readsHttp ? [toPort(port), routedByHost(port, known.named)] : unknownFilters(outboundMode),
        },
      ],
    },
    origins: [origin, ...known.origins],
    clusters: [unknownCluster(outboundMode), blackholeCluster],
    exclusiveKeys: anyAddressKeys(port, known.ipv6),
  });
}

const tlsOrPlain: EnvoyMessage = {
  matcher_tree: {
    input: extension(
      'transport-protocol',
      'envoy.extensions.matching.common_inputs.network.v3.TransportProtocolInput',
    ),
    exact_match_map: { map: { tls: takeChain('tls') } },
  },
  on_no_match: takeChain('plain'),
};

/** Waits for the address of the host, for the cluster to have it. */
function resolve(port: number): EnvoyMessage {
  return extension(
    'envoy.filters.network.sni_dynamic_forward_proxy',
    'envoy.extensions.filters.network.sni_dynamic_forward_proxy.v3.FilterConfig',
    { port_value: port, dns_cache_config: dnsCache },
  );
}

const toHost = tcpProxy({
  seen: outbound,
  statPrefix: 'egress_tls',
  cluster: blackholeCluster,
  logs: [hostStats('TLS')],
});

/** The port that was called: a Host header without one would mean 80. */
function toPort(port: number): EnvoyMessage {
  return extension('envoy.filters.network.set_filter_state', filterStateType, {
    on_new_connection: [{ object_key: 'envoy.upstream.dynamic_port', ...formatted(String(port)) }],
  });
}

function routedByHost(port: number, named: ListenerLogs): EnvoyMessage {
  return outboundHttp({
    statPrefix: 'egress_http',
    destination: addressedDestination,
    routes: egressRoutes(port),
    named,
    logs: [hostStats('HTTP')],
  });
}
