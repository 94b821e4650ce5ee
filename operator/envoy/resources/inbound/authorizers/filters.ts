// External authorizers as filters that a virtual host brings, one after the other: each is asked about what those before it let through. Whether a
// request passes if an authorizer fails is said by the filter itself, and by no route: so the filters come whole. They remember nothing.
// @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/ext_authz_filter
import type { AuthorizerIr } from '../../../../ir/authorizer.ts';
import type { InboundPortIr } from '../../../../ir/inbound.ts';
import type { EnvoyMessage } from '../../../proto/envoy-message.ts';
import { duration } from '../../../proto/well-known.ts';
import { quote } from '../../complement-regex.ts';
import { engineResult, externalPrefix, rbacNamespace } from '../../rbac-metadata.ts';
import { serviceHost } from '../../names.ts';
import { extension, type NamedExtension } from '../../typed-config.ts';
import { withoutHeaders } from '../forged-headers.ts';
import { ourPrefix } from '../lookalike-headers.ts';
import { permission } from '../rule-requests.ts';
import { allRules, anyRule } from '../rule-set.ts';
import { authorizerCluster } from './reach.ts';

/** Of local replies. */
export const authorizerGaveNoAnswer: EnvoyMessage = {
  extension_filter: extension(
    'envoy.access_loggers.extension_filters.cel',
    'envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter',
    { expression: "response.code_details == 'ext_authz_error'" },
  ),
};

/** In order. */
export function authorizerFilters({
  authorizers,
  authorizerHeaders,
}: Pick<InboundPortIr, 'authorizers' | 'authorizerHeaders'>): readonly NamedExtension[] {
  return [
    ...withoutHeaders('without-forged-answers', authorizerHeaders),
    ...authorizers.flatMap((authorizer) => [askedBy(authorizer), asks(authorizer)]),
  ];
}

/** Says in the metadata of the request, where logs find it, who is asked about it. */
function askedBy({ id, requests, pathPrefix }: AuthorizerIr): NamedExtension {
  const about = requests === 'any' ? { any: true } : anyRule(requests.map(possibly));
  const denying = (what: EnvoyMessage): EnvoyMessage => {
    return { action: 'DENY', policies: { [id]: { permissions: [what], principals: [{ any: true }] } } };
  };
  return extension('envoy.filters.http.rbac', 'envoy.extensions.filters.http.rbac.v3.RBAC', {
    ...(pathPrefix !== '' && {
      rules: denying(allRules([about, climbingPath])),
      rules_stat_prefix: externalPrefix,
    }),
    shadow_rules: denying(about),
    shadow_rules_stat_prefix: externalPrefix,
  });
}

/** Beginnings of overlong UTF-8 of two to six bytes (decision 21), before 64 and from there on. */
const low = '%(?:c0|e0%80|f0%80%80|f8%80%80%80|fc%80%80%80%80)';
const high = '%(?:c1|e0%81|f0%80%81|f8%80%80%81|fc%80%80%80%81)';
const separator = String.raw`(?:/|\\|%(?:25)*(?:2f|5c)|${low}%af|${high}%9c)`;
const dot = String.raw`(?:\.|%(?:25)*2e|${low}%ae)`;

/** Behind a prefix it would lead out of it, to whatever else the authorizer serves: to a page that is there for everybody, and permits all. */
const climbingPath: EnvoyMessage = {
  header: {
    name: ':path',
    string_match: { safe_regex: { regex: `(?is)[^?]*${separator}${dot}${dot}.*` } },
  },
};

function possibly(request: Parameters<typeof permission>[0]): EnvoyMessage {
  return permission(request, 'possibly');
}

function asks(authorizer: AuthorizerIr): NamedExtension {
  const { body, onFailure, requests, sentHeaders } = authorizer;
  return extension('envoy.filters.http.ext_authz', 'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz', {
    transport_api_version: 'V3',
    ...(authorizer.protocol === 'GRPC' ? grpcService(authorizer) : httpService(authorizer)),
    failure_mode_allow: onFailure === 'Allow',
    // Nobody has refused the request.
    status_on_error: { code: 'ServiceUnavailable' },
    ...(body !== null && {
      with_request_body: {
        max_request_bytes: body.maxBytes,
        allow_partial_message: body.partial,
        // As text, bytes that are no UTF-8 would be others.
        pack_as_bytes: true,
      },
    }),
    ...(sentHeaders.length > 0 && { allowed_headers: exactly(sentHeaders) }),
    disallowed_headers: { patterns: [{ prefix: ourPrefix, ignore_case: true }] },
    ...(requests !== 'any' && { filter_enabled_metadata: unlessSpared }),
    validate_mutations: true,
    decoder_header_mutation_rules: onlyThese(authorizer.upstreamHeaders),
    enable_dynamic_metadata_ingestion: { value: false },
  });
}

/** Of what the filter before it has not seen, too. */
const unlessSpared: EnvoyMessage = {
  filter: rbacNamespace,
  path: [{ key: externalPrefix + engineResult.shadow }],
  value: { string_match: { exact: 'allowed' } },
  invert: true,
};

function grpcService(authorizer: AuthorizerIr): EnvoyMessage {
  return {
    grpc_service: {
      envoy_grpc: { cluster_name: authorizerCluster(authorizer), authority: serviceHost(authorizer.service) },
      timeout: duration(authorizer.timeoutMs),
    },
  };
}

function httpService(authorizer: AuthorizerIr): EnvoyMessage {
  const { service, timeoutMs, pathPrefix, upstreamHeaders, responseHeaders } = authorizer;
  return {
    http_service: {
      server_uri: {
        uri: `http://${serviceHost(service)}`,
        cluster: authorizerCluster(authorizer),
        timeout: duration(timeoutMs),
      },
      ...(pathPrefix !== '' && { path_prefix: pathPrefix }),
      authorization_response: {
        ...(upstreamHeaders.length > 0 && { allowed_upstream_headers: exactly(upstreamHeaders) }),
        ...(responseHeaders.length > 0 && { allowed_client_headers_on_success: exactly(responseHeaders) }),
      },
    },
  };
}

function exactly(names: readonly string[]): EnvoyMessage {
  return { patterns: names.map((exact) => ({ exact, ignore_case: true })) };
}

/** Of the request, an authorizer changes nothing else: neither its path nor who is said to call. */
function onlyThese(names: readonly string[]): EnvoyMessage {
  if (names.length === 0) return { disallow_all: { value: true } };
  return {
    disallow_all: { value: true },
    allow_expression: { regex: names.map((name) => quote(name)).join('|') },
  };
}
