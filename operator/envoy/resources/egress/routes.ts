// Which hosts plaintext requests may ask for, of one port. The Host header decides: it also says where the request goes, so that it can
// claim nothing. Routes ask runtime values, as connections do: requests on connections of a listener that is being drained obey, too.
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { duration } from '../../proto/well-known.ts';
import { egressCluster, egressRoutes, originatedCluster, passthroughCluster } from '../names.ts';
import { forgottenFacts } from '../outbound/route-table.ts';
import { resource } from '../resource.ts';
import { allowedHostKey, unknownDestinationsKey } from '../runtime.ts';
import { fraction } from '../runtime-admission.ts';
import type { XdsResource } from '../xds-resource.ts';
import { type AllowList, covering, hostsAt } from './allow-list.ts';
import { isOriginated, originating } from './origination.ts';
import type { EgressSettings } from './settings.ts';

const notAllowed =
  'The Mesh does not allow this host on this port for this namespace (outbound). ' +
  'Add it to spec.outbound.hosts of the Mesh with protocol HTTP, or the namespace to its namespaces.\n';

const unusable =
  'The Mesh requires TLS to this host, and the caBundle for it holds something that is no certificate. ' +
  'Write CA certificates in PEM into tls.caBundle of the host in spec.outbound.hosts of the Mesh.\n';

type Settings = Pick<EgressSettings, 'allowedHosts' | 'origin'>;

export function buildEgressRoutes({ allowedHosts, origin }: Settings, port: number): XdsResource {
  const name = egressRoutes(port);
  const hosts = hostsAt(allowedHosts, port, 'HTTP');
  return resource(typeUrl.route, {
    name,
    message: {
      name,
      ...forgottenFacts,
      virtual_hosts: [...hosts.map((one) => virtualHost(hosts, one)), others],
    },
    origins: [origin],
    clusters: [egressCluster, passthroughCluster, ...hosts.filter(isOriginated).map(originatedCluster)],
  });
}

/** With the port or without it; never with another one, which would be connected to. */
function virtualHost(hosts: AllowList, one: AllowList[number]): EnvoyMessage {
  const { host, port } = one;
  const named = { name: host, domains: [host, `${host}:${port}`] };
  // Not by a wildcard either, nor where it was going: that would be in plaintext.
  if (one.tls === 'unusable') return { ...named, routes: [refusal(unusable)] };
  return {
    ...named,
    routes: [
      ...covering(hosts, one).map((cover) => {
        const cluster = isOriginated(cover) ? originatedCluster(cover) : egressCluster;
        return { ...forward(cover.host, cluster, allowedHostKey(cover), 0), ...originating(cover) };
      }),
      refusal(notAllowed),
    ],
  };
}

function forward(name: string, cluster: string, runtimeKey: string, otherwise: 0 | 100): EnvoyMessage {
  return {
    name,
    match: { prefix: '/', runtime_fraction: fraction(runtimeKey, otherwise) },
    route: { cluster, timeout: duration(0) },
  };
}

function refusal(why: string): EnvoyMessage {
  return {
    name: 'not-allowed',
    match: { prefix: '/' },
    direct_response: { status: 502, body: { inline_string: why } },
  };
}

/** Where they were going, in mode AllowAny. */
const others: EnvoyMessage = {
  name: 'unknown',
  domains: ['*'],
  routes: [forward('passthrough', passthroughCluster, unknownDestinationsKey, 100), refusal(notAllowed)],
};
