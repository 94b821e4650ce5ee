// What the fields of access logs are to Envoy.
// @see https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
import { headerField, isLogField, type LogField, logFields } from '../../values/log-fields.ts';
import { refusedHeader } from './names.ts';
import { effectiveRule, rbacNamespace, rulesPrefix } from './rbac-metadata.ts';
import type { Direction } from './vantage.ts';

type Formats = Readonly<Partial<Record<LogField, string>>>;

const connection = {
  start_time: '%START_TIME%',
  duration_ms: '%DURATION%',
  response_flags: '%RESPONSE_FLAGS%',
  connection_termination_details: '%CONNECTION_TERMINATION_DETAILS%',
  downstream_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
  destination_address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  downstream_tls_failure: '%DOWNSTREAM_TRANSPORT_FAILURE_REASON%',
  upstream_cluster: '%UPSTREAM_CLUSTER_RAW%',
  upstream_address: '%UPSTREAM_HOST%',
  upstream_failure: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
} satisfies Formats;

const request = {
  method: '%REQUEST_HEADER(:METHOD)%',
  authority: '%REQUEST_HEADER(:AUTHORITY)%',
  path: '%REQUEST_HEADER(:PATH)%',
  protocol: '%PROTOCOL%',
  response_code: '%RESPONSE_CODE%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  route_name: '%ROUTE_NAME%',
  attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
  request_id: '%REQUEST_HEADER(X-REQUEST-ID)%',
  /** Why a sidecar refused it: `mtls-required`, `limit/NAME`. */
  refused: `%RESPONSE_HEADER(${refusedHeader})%`,
} satisfies Formats;

/** SPIFFE IDs of this end and of the other one, from their certificates. */
const identities: Readonly<Record<Direction, Formats>> = {
  inbound: { identity: '%DOWNSTREAM_LOCAL_URI_SAN%', peer: '%DOWNSTREAM_PEER_URI_SAN%' },
  outbound: { identity: '%UPSTREAM_LOCAL_URI_SAN%', peer: '%UPSTREAM_PEER_URI_SAN%' },
};

const ruleOf = (kind: keyof typeof rulesPrefix): object => ({
  command: 'DYNAMIC_METADATA',
  param: `${rbacNamespace}:${rulesPrefix[kind]}${effectiveRule.enforced}`,
});
/** The first that there is: where neither is, one line has no value and not two. */
const rule = `%COALESCE(${JSON.stringify({ operators: [ruleOf('DENY'), ruleOf('ALLOW')] })})%`;

/** What was decided about it. Where no Allow rule matched, none has a name. */
const decision: Readonly<Record<Direction, Formats>> = {
  inbound: {
    rule,
    authorization: `%DYNAMIC_METADATA(${rbacNamespace})%`,
  },
  outbound: {},
};

/** All that can be said about a connection. */
export function connectionFields(direction: Direction): Formats {
  return { direction, ...connection, ...identities[direction] };
}

/** All that can be said about a request, in order. */
export function requestFields(direction: Direction): Readonly<Record<string, string>> {
  const formats: Formats = {
    log: 'request',
    ...connectionFields(direction),
    ...request,
    ...decision[direction],
  };
  return Object.fromEntries(
    logFields.flatMap((name) => {
      const format = formats[name];
      return format === undefined ? [] : [[name, format]];
    }),
  );
}

/** Of a field or a header; null: there is none in this direction. */
export function formatOf(name: string, direction: Direction): string | null {
  const header = headerField(name);
  if (header !== null) return `%${header.of.toUpperCase()}_HEADER(${header.header})%`;
  return isLogField(name) ? (requestFields(direction)[name] ?? null) : null;
}
