// How sidecars reach the token endpoints of providers, and the secrets of logins: each only where a workload has the login.
import type { LoginIr, SecretText, TokenEndpointIr } from '../../../../ir/login.ts';
import type { WorkloadIr } from '../../../../ir/mesh-ir.ts';
import type { Origin } from '../../../../ir/origin.ts';
import { fingerprint } from '../../../../values/fingerprint.ts';
import { ipVersion } from '../../../../values/ip-address.ts';
import type { EnvoyMessage } from '../../../proto/envoy-message.ts';
import { typeUrl } from '../../../proto/type-urls.ts';
import { duration } from '../../../proto/well-known.ts';
import { http1 } from '../../http-protocol.ts';
import { loginRootsSecret } from '../../names.ts';
import { resource } from '../../resource.ts';
import { extension, overAds } from '../../typed-config.ts';
import { connectTimeoutMs, noLimits, protocolOptions } from '../../upstream.ts';
import type { XdsResource } from '../../xds-resource.ts';

/** Of other clusters, the first part is a namespace or has no slash behind it: no namespace has a colon. */
export function loginCluster(endpoint: TokenEndpointIr): string {
  const { host } = new URL(endpoint.uri);
  return `login:${host}/${fingerprint([host, endpoint.caBundle])}`;
}

export function clientSecretName(id: string): string {
  return `login/${id}/client-secret`;
}

export function sessionKeyName(id: string): string {
  return `login/${id}/session-key`;
}

/** Of the layer of a workload: nobody else is sent its secrets. */
export function buildLogins(workload: WorkloadIr, mesh: Origin): readonly XdsResource[] {
  const ports = workload.inbound.flatMap(({ authentication, origins }) => {
    const login = authentication?.login ?? null;
    return login === null ? [] : [{ login, origins: [mesh, ...origins] }];
  });
  const byName = new Map<string, XdsResource>();
  for (const { login, origins } of ports) {
    for (const made of loginResources(login, origins)) {
      // Two ports with one login: the objects of both have shaped it.
      const before = byName.get(`${made.typeUrl} ${made.name}`);
      const all = [...(before?.origins ?? []), ...made.origins];
      byName.set(
        `${made.typeUrl} ${made.name}`,
        before === undefined ? made : resource(made.typeUrl, { ...made, origins: all }),
      );
    }
  }
  return [...byName.values()];
}

function loginResources(login: LoginIr, origins: readonly Origin[]): readonly XdsResource[] {
  const { id, clientSecret, sessionKey, tokenEndpoint } = login;
  const secret = (name: string, text: SecretText): XdsResource => {
    const message = { name, generic_secret: { secret: { inline_string: text.reveal() } } };
    return resource(typeUrl.secret, { name, message, origins });
  };
  return [
    tokenCluster(tokenEndpoint, origins),
    secret(clientSecretName(id), clientSecret),
    secret(sessionKeyName(id), sessionKey),
  ];
}

function tokenCluster(endpoint: TokenEndpointIr, origins: readonly Origin[]): XdsResource {
  const name = loginCluster(endpoint);
  const { hostname, port } = new URL(endpoint.uri);
  const host = hostname.replace(/^\[|\]$/g, '');
  const address = { socket_address: { address: host, port_value: port === '' ? 443 : Number(port) } };
  return resource(typeUrl.cluster, {
    name,
    message: {
      name,
      type: ipVersion(host) === 0 ? 'LOGICAL_DNS' : 'STATIC',
      ...(ipVersion(host) === 0 && { dns_lookup_family: 'ALL' }),
      load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
      connect_timeout: duration(connectTimeoutMs),
      circuit_breakers: noLimits,
      typed_extension_protocol_options: protocolOptions(
        {},
        { explicit_http_config: { http_protocol_options: http1 } },
      ),
      transport_socket: verifiedTls(host, endpoint.caBundle),
    },
    origins,
  });
}

/** The certificate must be valid for the host, and from one of the CAs. */
function verifiedTls(host: string, caBundle: string | null): EnvoyMessage {
  const isName = ipVersion(host) === 0;
  const names = {
    match_typed_subject_alt_names: [{ san_type: isName ? 'DNS' : 'IP_ADDRESS', matcher: { exact: host } }],
  };
  return extension(
    'envoy.transport_sockets.tls',
    'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    {
      ...(isName && { sni: host }),
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' },
        ...(caBundle === null
          ? {
              combined_validation_context: {
                default_validation_context: names,
                validation_context_sds_secret_config: { name: loginRootsSecret, sds_config: overAds },
              },
            }
          : { validation_context: { trusted_ca: { inline_string: caBundle }, ...names } }),
      },
    },
  );
}
