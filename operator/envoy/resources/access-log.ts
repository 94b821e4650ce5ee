// What a sidecar writes about each request and connection: one line of JSON on its standard output.
// (The file logger cannot be used: /dev/stdout is not the sidecar user's to open.)
// @see https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { rbacNamespace } from './rbac-metadata.ts';
import { accessLogKey, allOf, atTheEnd, runtimeFilter } from './runtime.ts';
import { any } from './typed-config.ts';
import type { Direction } from './vantage.ts';

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
};

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
};

/** What the application asked for in its own handshake, where it is read. */
const serverName = { requested_server_name: '%REQUESTED_SERVER_NAME%' };

/** The other end's SPIFFE id, from its certificate. */
const peer = {
  inbound: {
    peer: '%DOWNSTREAM_PEER_URI_SAN%',
    authorization: `%DYNAMIC_METADATA(${rbacNamespace})%`,
  },
  outbound: { peer: '%UPSTREAM_PEER_URI_SAN%' },
};

/** A line for each request. */
export function requestLog(direction: Direction): EnvoyMessage {
  return logger(direction, { log: 'request', direction, ...connection, ...request, ...peer[direction] });
}

/** A line for each TCP connection that found its filter chain. */
export function connectionLog(direction: Direction): EnvoyMessage {
  return logger(direction, {
    log: 'connection',
    direction,
    ...connection,
    ...(direction === 'outbound' && serverName),
    peer: peer[direction].peer,
  });
}

/**
 * A line for each connection that no filter chain took: only the listener sees these. (Failed handshakes are in the
 * connection log of TCP ports; on HTTP ports the caller's sidecar has them as upstream_failure.)
 */
export function refusedConnectionLog(direction: Direction): EnvoyMessage {
  return {
    ...logger(direction, { log: 'refused', direction, ...connection, details: '%RESPONSE_CODE_DETAILS%' }),
    filter: allOf({ response_flag_filter: {} }, isOn(direction)),
  };
}

function isOn(direction: Direction): EnvoyMessage {
  return runtimeFilter(accessLogKey(direction), 100);
}

function logger(direction: Direction, fields: Readonly<Record<string, string>>): EnvoyMessage {
  return {
    filter: allOf(isOn(direction), atTheEnd),
    name: 'envoy.access_loggers.stdout',
    typed_config: any('envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', {
      log_format: { json_format: fields, omit_empty_values: true },
    }),
  };
}
