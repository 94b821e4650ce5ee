// TLS connections to hosts of the allow list, which the server name of the handshake tells: two filters, of which the listener says
// nothing but their names, and that get their configuration by ECDS. The first chooses the cluster of a new connection. The second asks
// at each byte whether its host is still allowed, of runtime values by host: what it asks is of the time of the connection, but
// what a value says is what RTDS said last. A host that is not in the list any more has no value, and one that never was has that of the mode.
import type { AllowedHostIr } from '../../../ir/allowed-host.ts';
import type { Origin } from '../../../ir/origin.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { egressCluster } from '../names.ts';
import { choosesCluster, clusterKey, filterStateType, formatted } from '../outbound/connection-routes.ts';
import { resource } from '../resource.ts';
import { admissionType, admitted, decide, noLongerAdmitted } from '../runtime-admission.ts';
import { allowedHostKey, unknownDestinationsKey } from '../runtime.ts';
import { any, extension, type NamedExtension, overAds } from '../typed-config.ts';
import type { XdsResource } from '../xds-resource.ts';
import { unknownCluster } from '../outbound/unknown-destinations.ts';
import { type AllowList, covering, hostsAt, isWildcard, suffixOf } from './allow-list.ts';
import type { EgressSettings } from './settings.ts';

/** The name that is resolved: of the handshake, or none. @see sni_dynamic_forward_proxy */
const hostKey = 'envoy.upstream.dynamic_host';

/** Of a listener, in order. */
export function hostFilters(port: number): readonly NamedExtension[] {
  return [
    choosesCluster(hostsName(port)),
    {
      name: admittedName(port),
      config_discovery: {
        config_source: overAds,
        type_urls: [`type.googleapis.com/${admissionType}`],
        default_config: any(admissionType, continuously(port, refused)),
      },
    },
  ];
}

export function buildHostFilters(
  { allowedHosts, outboundMode, origin }: EgressSettings,
  port: number,
): readonly XdsResource[] {
  const hosts = hostsAt(allowedHosts, port, 'TLS');
  const unknown = unknownCluster(outboundMode);
  const chooser = any(filterStateType, { on_new_connection: choosing(hosts, unknown) });
  return [
    filter(hostsName(port), chooser, origin, [unknown, egressCluster]),
    filter(admittedName(port), any(admissionType, asking(hosts, port)), origin, []),
  ];
}

function filter(
  name: string,
  typed_config: EnvoyMessage,
  mesh: Origin,
  clusters: readonly string[],
): XdsResource {
  return resource(typeUrl.extensionConfig, {
    name,
    message: { name, typed_config },
    origins: [mesh],
    clusters,
  });
}

function hostsName(port: number): string {
  return `egress/${port}/hosts`;
}

function admittedName(port: number): string {
  return `egress/${port}/admitted`;
}

const serverName = 'connection.requested_server_name';

/** A name that is not in the list is not even resolved. */
function choosing(hosts: AllowList, unknown: string): readonly EnvoyMessage[] {
  const choice = (yes: string, no: string): string =>
    hosts.length === 0 ? no : `(${hosts.map(asksFor).join(' || ')} ? ${yes} : ${no})`;
  return [
    { object_key: clusterKey, ...formatted(`%CEL(${choice(`'${egressCluster}'`, `'${unknown}'`)})%`) },
    { object_key: hostKey, ...formatted(`%CEL(${choice(serverName, "''")})%`) },
  ];
}

function asksFor(one: AllowedHostIr): string {
  return isWildcard(one) ? `${serverName}.endsWith('${suffixOf(one)}')` : `${serverName} == '${one.host}'`;
}

const serverNameInput = extension(
  'server-name',
  'envoy.extensions.matching.common_inputs.network.v3.ServerNameInput',
);

const refused: EnvoyMessage = { on_no_match: decide(noLongerAdmitted, 'DENY') };

function continuously(port: number, matcher: EnvoyMessage): EnvoyMessage {
  return { stat_prefix: `egress_${port}.`, enforcement_type: 'CONTINUOUS', matcher };
}

/** An exact name is also admitted by each wildcard that covers it; one that is not in the list by the mode. */
function asking(hosts: AllowList, port: number): EnvoyMessage {
  const wildcards = hosts.filter(isWildcard).map(admitsBelow);
  const others = {
    matcher_list: { matchers: [...wildcards, admits(admitted(unknownDestinationsKey, 100))] },
  };
  const names = hosts
    .filter((one) => !isWildcard(one))
    .map((one) => {
      const keys = covering(hosts, one).map((cover) => admits(admitted(allowedHostKey(cover), 0)));
      return [one.host, { matcher: { matcher_list: { matchers: keys } } }] as const;
    });
  if (names.length === 0) return continuously(port, { ...others, ...refused });
  const byName = { input: serverNameInput, exact_match_map: { map: Object.fromEntries(names) } };
  return continuously(port, { matcher_tree: byName, on_no_match: { matcher: { ...others, ...refused } } });
}

function admits(single_predicate: EnvoyMessage): EnvoyMessage {
  return { predicate: { single_predicate }, on_match: decide('admitted', 'ALLOW') };
}

function admitsBelow(wildcard: AllowedHostIr): EnvoyMessage {
  const ends = { input: serverNameInput, value_match: { suffix: suffixOf(wildcard) } };
  const both = [ends, admitted(allowedHostKey(wildcard), 0)];
  return {
    predicate: { and_matcher: { predicate: both.map((single_predicate) => ({ single_predicate })) } },
    on_match: decide('admitted', 'ALLOW'),
  };
}
