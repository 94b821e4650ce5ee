// TLS that the sidecar begins for requests in plaintext: a cluster for each host, which believes only a certificate for its name.
// What Envoy does without roots to believe is to believe everybody; what it does without names is to believe every name of theirs.
import type { AllowedHostIr, OriginationIr } from '../../../ir/allowed-host.ts';
import type { Origin } from '../../../ir/origin.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { setHeader } from '../header.ts';
import { originatedCluster, publicRootsSecret } from '../names.ts';
import { formatted } from '../outbound/connection-routes.ts';
import { filtersOfRoute } from '../placeholders.ts';
import { resource } from '../resource.ts';
import { extension, overAds } from '../typed-config.ts';
import { sameProtocol } from '../upstream.ts';
import type { XdsResource } from '../xds-resource.ts';
import type { AllowList } from './allow-list.ts';
import { byName } from './clusters.ts';

type Originated = AllowedHostIr & { readonly tls: OriginationIr };

/** Not one that is to be encrypted and cannot be. */
export function isOriginated(host: AllowedHostIr): host is Originated {
  return host.tls !== null && host.tls !== 'unusable';
}

function originatedIn(hosts: AllowList): readonly Originated[] {
  return hosts.flatMap((host) => (isOriginated(host) ? [host] : []));
}

/** publicRoots: PEM. */
export function buildOrigination(
  hosts: AllowList,
  publicRoots: string,
  mesh: Origin,
): readonly XdsResource[] {
  const all = originatedIn(hosts);
  const needsPublic = all.some(({ tls }) => tls.caBundle === null);
  return [
    ...(needsPublic ? [roots(publicRootsSecret, publicRoots, mesh)] : []),
    ...all.flatMap((host) => [
      ...(host.tls.caBundle === null ? [] : [roots(rootsOf(host), host.tls.caBundle, mesh)]),
      cluster(host, mesh),
    ]),
  ];
}

function roots(name: string, pem: string, mesh: Origin): XdsResource {
  const message = { name, validation_context: { trusted_ca: { inline_string: pem } } };
  return resource(typeUrl.secret, { name, message, origins: [mesh] });
}

function rootsOf(host: Originated): string {
  return host.tls.caBundle === null ? publicRootsSecret : `${originatedCluster(host)}/roots`;
}

function cluster(host: Originated, mesh: Origin): XdsResource {
  const name = originatedCluster(host);
  // Which name is checked is said below.
  const message = byName(name, sameProtocol, { allow_insecure_cluster_options: true });
  return resource(typeUrl.cluster, {
    name,
    message: { ...message, transport_socket: tlsTo(host) },
    origins: [mesh],
  });
}

function tlsTo(host: Originated): EnvoyMessage {
  const { sni } = host.tls;
  return extension(
    'envoy.transport_sockets.tls',
    'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    {
      sni,
      // A resumed session is not verified again.
      max_session_keys: 0,
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' },
        combined_validation_context: {
          default_validation_context: {
            match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: sni } }],
          },
          validation_context_sds_secret_config: { name: rootsOf(host), sds_config: overAds },
        },
      },
    },
  );
}

/** Fields of the route of a host to which the sidecar speaks TLS: where it connects to, and what the host is told of it. */
export function originating(allowed: AllowedHostIr): EnvoyMessage {
  if (!isOriginated(allowed)) return {};
  const { host, tls } = allowed;
  const connectTo = { object_key: 'envoy.upstream.dynamic_host', ...formatted(`${host}:${tls.port}`) };
  const filter = extension(
    'envoy.filters.http.set_filter_state',
    'envoy.extensions.filters.http.set_filter_state.v3.Config',
    { on_request_headers: [connectTo] },
  );
  return {
    typed_per_filter_config: filtersOfRoute('after_rbac', [filter]),
    // Hosts send those elsewhere that they take for callers in plaintext.
    request_headers_to_add: [setHeader('x-forwarded-proto', 'https')],
  };
}
