// The inbound HTTP connection managers: one that guards an application, and one that only tells plaintext clients that may
// not come in what is missing. Both let probes through.
import type { AuthorizationIr, MtlsModeIr, ProbeIr } from '../../../ir/inbound.ts';
import { duration } from '../../proto/well-known.ts';
import { connectionManager } from '../connection-manager.ts';
import {
  inboundRouteTableName,
  notReachedHeader,
  refusedHeader,
  repeatableHeader,
  replyMarkers,
  resetHeader,
} from '../names.ts';
import { overAds } from '../typed-config.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { httpRbac, rbacFilters } from './rbac.ts';

export interface InboundHttp {
  /** `9080`: of counters and the route table. */
  readonly label: string;
  readonly cluster: string;
  readonly authorization: AuthorizationIr;
  /** Whether clients show a certificate on this chain. */
  readonly mutualTls: boolean;
}

export function inboundHttp({ label, authorization, mutualTls }: InboundHttp): EnvoyMessage {
  return connectionManager({
    direction: 'inbound',
    statPrefix: `inbound_${label}`,
    filters: rbacFilters,
    more: {
      ...(looksAtPaths(authorization) && normalisedPaths),
      ...callerHeader(mutualTls),
      local_reply_config: { mappers: markers },
      rds: { route_config_name: inboundRouteTableName(label), config_source: overAds },
    },
  });
}

/** What a port says of probes, and what decides whether they need a way of their own. */
interface Probed {
  readonly mtls: MtlsModeIr;
  readonly probes: readonly ProbeIr[];
}

/**
 * The route table of a port comes on its own, and with it who may call: a change holds from the next request on,
 * for connections that exist as well; a change of the listener would leave those with the rules of before.
 */
export function inboundRouteTable({
  label,
  cluster,
  authorization,
  mtls,
  probes,
}: Omit<InboundHttp, 'mutualTls'> & Probed): EnvoyMessage {
  // Strict: no probe comes this way.
  const isOpen = mtls === 'Strict' || (authorization.deny.length === 0 && authorization.allow === 'all');
  return routeTable(label, [
    ...(isOpen ? [] : probes.map((probe) => probeRoute(probe, cluster))),
    {
      name: 'application',
      match: { prefix: '/' },
      route: { cluster, timeout: duration(0) },
      typed_per_filter_config: httpRbac(authorization),
    },
  ]);
}

/** Past all rules: the kubelet has no identity that one could name. */
function probeRoute({ method, path }: ProbeIr, cluster: string): EnvoyMessage {
  return {
    name: 'probe',
    match: { path, headers: [{ name: ':method', string_match: { exact: method } }] },
    route: { cluster, timeout: duration(0) },
  };
}

const mtlsRequired =
  'This port takes mutual TLS only (mTLS mode Strict), and this request came in plaintext. ' +
  'Call it from a workload of the mesh, or set mtls.mode Permissive for the port in a SecurityPolicy.\n';

const identityRequired =
  'A SecurityPolicy admits certain callers to this port, and this request came without an identity. ' +
  'Call it from a workload of the mesh that the policy names.\n';

export interface RefusingHttp extends Probed {
  readonly label: string;
  readonly cluster: string;
}

/** For plaintext clients that may not come in: tells them why, and lets nothing through but probes. */
export function refusingHttp({ label, cluster, mtls, probes }: RefusingHttp): EnvoyMessage {
  const [name, text] =
    mtls === 'Strict' ? ['mtls-required', mtlsRequired] : ['identity-required', identityRequired];
  return connectionManager({
    direction: 'inbound',
    statPrefix: `inbound_${label}_refused`,
    filters: [],
    more: {
      route_config: routeTable(label, [
        ...probes.map((probe) => probeRoute(probe, cluster)),
        {
          name,
          match: { prefix: '/' },
          direct_response: { status: 403, body: { inline_string: text } },
          response_headers_to_add: [setHeader(refusedHeader, name)],
        },
      ]),
    },
  });
}

function routeTable(label: string, routes: readonly EnvoyMessage[]): EnvoyMessage {
  return {
    name: inboundRouteTableName(label),
    virtual_hosts: [{ name: 'inbound', domains: ['*'], routes }],
    // Only sidecars may say these: an application could have its callers send everything again.
    response_headers_to_remove: replyMarkers,
  };
}

/** The application, or its HTTP/2 stream, ended without an answer. */
const brokenOff = { response_flag_filter: { flags: ['UC', 'UR'] } };
/** They change nothing, and may be repeated by anybody. @see https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1 */
const safeMethod = {
  header_filter: {
    header: { name: ':method', string_match: { safe_regex: { regex: 'GET|HEAD|OPTIONS' } } },
  },
};
const details = '%RESPONSE_CODE_DETAILS%';

/** What the client's sidecar needs to know to retry: its own connection, to this sidecar, did not fail. */
const markers = [
  {
    filter: { response_flag_filter: { flags: ['UF'] } },
    headers_to_add: [setHeader(notReachedHeader, '1')],
  },
  {
    filter: { and_filter: { filters: [brokenOff, safeMethod] } },
    headers_to_add: [setHeader(resetHeader, details), setHeader(repeatableHeader, '1')],
  },
  { filter: brokenOff, headers_to_add: [setHeader(resetHeader, details)] },
];

function setHeader(key: string, value: string): EnvoyMessage {
  return { header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' };
}

/** The caller's identity, for the application: from its certificate, and never from what the caller wrote. */
function callerHeader(mutualTls: boolean): EnvoyMessage {
  if (!mutualTls) return { forward_client_cert_details: 'SANITIZE' };
  return {
    forward_client_cert_details: 'SANITIZE_SET',
    set_current_client_cert_details: { uri: true },
  };
}

function looksAtPaths({ deny, allow }: AuthorizationIr): boolean {
  const rules = allow === 'all' ? deny : [...deny, ...allow];
  return rules.some(({ requests }) => requests !== 'any' && requests.some(({ paths }) => paths !== 'any'));
}

/**
 * What a rule is compared with is what the application gets, in one spelling: /a/../b, //b and /%62 are all /b. Where
 * no rule looks at paths they are left as they came.
 */
const normalisedPaths = {
  normalize_path: true,
  merge_slashes: true,
  path_with_escaped_slashes_action: 'UNESCAPE_AND_FORWARD',
};
