// To which cluster a connection goes: routes of TCP ports. The listener of each has a filter that asks nothing by itself and gets its
// configuration by ECDS, which names a cluster in place of that of the listener: no change of routes is one of a listener, which
// would end the connections that exist. What decides is CEL, since nothing else reads the server name there (decision 042).
import type { BackendIr, ConnectionRouteIr } from '../../../ir/route.ts';
import type { ServicePortIr } from '../../../ir/service.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { duration } from '../../proto/well-known.ts';
import { blackholeCluster, clusterName, connectionRoutesName } from '../names.ts';
import { resource } from '../resource.ts';
import { any, type NamedExtension, overAds } from '../typed-config.ts';
import { tlsInspector } from '../tls-inspector.ts';
import type { XdsResource } from '../xds-resource.ts';

export const filterStateType = 'envoy.extensions.filters.network.set_filter_state.v3.Config';
/** Read by the TCP proxy. @see https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/tcp_proxy_filter */
export const clusterKey = 'envoy.tcp_proxy.cluster';
/** A random UUID of the connection. Its first 32 bits are compared with thresholds. */
const shareKey = 'meshwright.share';
const shareBits = 32;

/** Stands before the TCP proxy. A listener waits for what it says: no connection is made before the routes are known. */
export function chooseCluster(serviceKey: string): NamedExtension {
  return choosesCluster(connectionRoutesName(serviceKey));
}

export function choosesCluster(name: string): NamedExtension {
  return {
    name,
    config_discovery: {
      config_source: overAds,
      type_urls: [`type.googleapis.com/${filterStateType}`],
      default_config: any(filterStateType),
    },
  };
}

/**
 * Of a listener for TLS: fields that let routes see the server name. Who says nothing for so long is taken for plaintext: a client of a
 * server that speaks first waits for it.
 */
export const readsServerName: EnvoyMessage = {
  listener_filters: [tlsInspector],
  listener_filters_timeout: duration(500),
  continue_on_listener_filters_timeout: true,
};

type Routed = Pick<ServicePortIr, 'key' | 'connectionRoutes' | 'origins'>;

/** What the filter is told. */
export function buildConnectionRoutes({ key, connectionRoutes, origins }: Routed): XdsResource {
  const name = connectionRoutesName(key);
  const shares = connectionRoutes.map(sharesOf);
  const rules = connectionRoutes.length === 0 ? {} : choosing(connectionRoutes, key);
  return resource(typeUrl.extensionConfig, {
    name,
    message: { name, typed_config: any(filterStateType, rules) },
    origins,
    clusters: shares.flatMap((some) => some.map(({ cluster }) => cluster)),
    doesNothing: connectionRoutes.length === 0,
  });
}

function choosing(routes: readonly ConnectionRouteIr[], key: string): EnvoyMessage {
  const whole = `'${clusterName(key, null)}'`;
  const expression = routes.reduceRight((otherwise, route) => {
    const shared = byShare(sharesOf(route));
    return route.sni.length === 0 ? shared : `(${asksFor(route.sni)} ? ${shared} : ${otherwise})`;
  }, whole);
  return {
    on_new_connection: [
      { object_key: shareKey, factory_key: 'envoy.string', ...formatted('%UNIQUE_ID%') },
      { object_key: clusterKey, ...formatted(`%CEL(${expression})%`) },
    ],
  };
}

export function formatted(inline_string: string): EnvoyMessage {
  return { format_string: { text_format_source: { inline_string } } };
}

function asksFor(sni: readonly string[]): string {
  return sni
    .map((name) =>
      name.startsWith('*')
        ? `connection.requested_server_name.endsWith('${name.slice(1)}')`
        : `connection.requested_server_name == '${name}'`,
    )
    .join(' || ');
}

/** Below any share that can be written: rounding alone makes it. */
const negligible = 1e-9;

interface Share {
  readonly cluster: string;
  /** Of all connections: above 0, up to 1. They add up to 1. */
  readonly share: number;
}

function sharesOf({ backends, abortPercentage }: ConnectionRouteIr): readonly Share[] {
  const aborted = abortPercentage / 100;
  const valid = backends.flatMap((backend) => (isValid(backend) ? [backend] : []));
  const sum = backends.reduce((total, { weight }) => total + weight, 0);
  const served = valid.map(({ service, subset, weight }) => {
    return { cluster: clusterName(service, subset), share: ((1 - aborted) * weight) / sum };
  });
  const closed = {
    cluster: blackholeCluster,
    share: 1 - served.reduce((total, { share }) => total + share, 0),
  };
  return [closed, ...served].filter(({ share }) => share > negligible);
}

function isValid(backend: BackendIr): backend is Exclude<BackendIr, { readonly invalid: string }> {
  return !('invalid' in backend);
}

/** A chain of comparisons; the last one gets the rest. */
function byShare(shares: readonly Share[]): string {
  const upTo = shares.map((_, index) =>
    shares.slice(0, index + 1).reduce((sum, { share }) => sum + share, 0),
  );
  return shares
    .map(({ cluster }, index) => ({ cluster: `'${cluster}'`, threshold: threshold(upTo[index] ?? 1) }))
    .reduceRight((otherwise, { cluster, threshold: below }) => {
      return otherwise === ''
        ? cluster
        : `(filter_state['${shareKey}'] < b'${below}' ? ${cluster} : ${otherwise})`;
    }, '');
}

/** In the digits of a UUID. */
function threshold(share: number): string {
  const most = 2 ** shareBits - 1;
  return Math.min(most, Math.round(share * 2 ** shareBits))
    .toString(16)
    .padStart(shareBits / 4, '0');
}
