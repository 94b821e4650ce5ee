// The inbound HTTP connection managers. All that a policy says about requests is in their route tables.
import { connectionManager } from '../connection-manager.ts';
import { setHeader } from '../header.ts';
import { disabledFilters } from '../http-filters.ts';
import {
  inboundRouteTableName,
  markerValue,
  notOurs,
  notReachedHeader,
  refusedHeader,
  repeatableHeader,
  replyMarkers,
  resetHeader,
} from '../names.ts';
import type { ListenerLogs } from '../named-logs.ts';
import { chainOfRoute } from '../placeholders.ts';
import { overAds } from '../typed-config.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { authorizerGaveNoAnswer } from './authorizers/filters.ts';
import { askedForEachConnection, type SeenInbound } from '../vantage.ts';
import { inboundFilters } from './http-filters.ts';
import { others } from './listener-filters.ts';
import { withoutLookalikes } from './lookalike-headers.ts';
import { refusedForWantOfAToken } from './tokens/authentication.ts';
import { type RefusedRoutes, refusalRoutes, routeTable } from './route-tables.ts';

export interface InboundHttp {
  /** `9080`: of counters and the route table. */
  readonly label: string;
  /** Whether clients show a certificate on this chain. */
  readonly chain: 'mesh' | 'plaintext';
  readonly named: ListenerLogs;
}

/** Guards an application that speaks HTTP. */
export function inboundHttp({ label, chain, named }: InboundHttp): EnvoyMessage {
  return connectionManager({
    seen: seenAt(label, chain),
    named,
    statPrefix: statPrefix(label, chain),
    filters: disabledFilters(inboundFilters(label)),
    early: [withoutLookalikes],
    more: {
      ...clientCertificate(chain),
      local_reply_config: { mappers: markers },
      rds: { route_config_name: inboundRouteTableName(label, chain), config_source: overAds },
    },
  });
}

/** Of a TCP port that plaintext clients may not reach: lets HTTP probes through, and tells other HTTP clients why they may not. */
export function refusingHttp(port: RefusedRoutes & Pick<InboundHttp, 'named'>): EnvoyMessage {
  return connectionManager({
    seen: seenAt(port.label, 'plaintext'),
    named: port.named,
    statPrefix: statPrefix(port.label, 'plaintext'),
    // For probes.
    filters: disabledFilters([{ filter: chainOfRoute('after_rbac') }]),
    early: [withoutLookalikes],
    more: {
      route_config: routeTable(inboundRouteTableName(port.label, 'plaintext'), refusalRoutes(port)),
    },
  });
}

/** Plaintext callers are counted apart: whether there are any left is what one wants to know before a port becomes Strict. */
export function statPrefix(label: string, chain: 'mesh' | 'plaintext'): string {
  return chain === 'mesh' ? `inbound_${label}` : `inbound_${label}_plaintext`;
}

/** The port is known where there is but one, so that nobody has to ask for it at each request. */
export function seenAt(label: string, chain: 'mesh' | 'plaintext'): SeenInbound {
  return { vantage: chain, port: label === others ? askedForEachConnection : label };
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

const tokenNeeded =
  'This request needs a token, and has none that is valid here. Send one of an issuer that the SecurityPolicy of this workload names.\n';

/** Rules refuse with 403, but who has no token yet may come again with one. @see https://www.rfc-editor.org/rfc/rfc6750#section-3 */
const unauthenticated: EnvoyMessage = {
  filter: refusedForWantOfAToken,
  status_code: 401,
  body: { inline_string: tokenNeeded },
  headers_to_add: [setHeader('www-authenticate', 'Bearer'), setHeader(refusedHeader, 'token-required')],
};

const authorizerFailed =
  'The authorizer that the SecurityPolicy of this workload names did not decide about this request. Send it again later.\n';

/** Told from a refusal: nobody has decided. */
const undecided: EnvoyMessage = {
  filter: authorizerGaveNoAnswer,
  body: { inline_string: authorizerFailed },
  headers_to_add: [setHeader(refusedHeader, 'authorizer-failed')],
};

/**
 * The headers of a refusal are the authorizer's own. It does not speak for this sidecar: what it wrote there is said to be no word of ours.
 * Mappers cannot remove headers, and a filter that did would remove those of the other mappers, too.
 */
const refusedByAuthorizer: EnvoyMessage = {
  filter: { response_flag_filter: { flags: ['UAEX'] } },
  headers_to_add: replyMarkers.map((key) => ({
    header: { key, value: notOurs },
    append_action: 'OVERWRITE_IF_EXISTS',
  })),
};

/** What the client's sidecar needs to know to retry: its own connection, to this sidecar, did not fail. */
const markers = [
  unauthenticated,
  undecided,
  refusedByAuthorizer,
  {
    filter: { response_flag_filter: { flags: ['UF'] } },
    headers_to_add: [setHeader(notReachedHeader, markerValue)],
  },
  {
    filter: { and_filter: { filters: [brokenOff, safeMethod] } },
    headers_to_add: [setHeader(resetHeader, details), setHeader(repeatableHeader, markerValue)],
  },
  { filter: brokenOff, headers_to_add: [setHeader(resetHeader, details)] },
];

/** The caller's identity, for the application: from its certificate, and never from what the caller wrote. */
function clientCertificate(chain: 'mesh' | 'plaintext'): EnvoyMessage {
  if (chain === 'plaintext') return { forward_client_cert_details: 'SANITIZE' };
  return {
    forward_client_cert_details: 'SANITIZE_SET',
    set_current_client_cert_details: { uri: true },
  };
}
