// What failed or was refused, to a logger: filters of Envoy itself, since each request is asked. The cheapest comes first.
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { allOf, anyOf, matches } from './log-filters.ts';

/** Envoy wants a key beside each number to compare with. Nothing sets these. */
const refusalsFromKey = 'meshwright.access_log.refusals_from';
const switchKey = 'meshwright.access_log.switch';

function statusCode(op: 'GE' | 'LE', code: number, runtimeKey: string): EnvoyMessage {
  return {
    status_code_filter: { comparison: { op, value: { default_value: code, runtime_key: runtimeKey } } },
  };
}

/** WebSockets and the like (101) end when either side closes its connection: a flag for that says nothing. Others do. */
const endedOtherwise: EnvoyMessage = anyOf(
  statusCode('LE', 100, `${switchKey}.below`),
  statusCode('GE', 102, `${switchKey}.above`),
  { response_flag_filter: { flags: ['UT', 'LR', 'SI', 'DT', 'DPE', 'UPE', 'OM'] } },
);

/** It got no response, or one of 400 or more, or an RPC failed (its status is mostly 200), or the sidecar marks it. */
export const failedRequest: EnvoyMessage = anyOf(
  allOf({ response_flag_filter: {} }, endedOtherwise),
  statusCode('GE', 400, refusalsFromKey),
  allOf(
    contentType({ prefix: 'application/grpc' }),
    // Has its status in the body: Envoy would take it for unknown.
    contentType({ prefix: 'application/grpc-web' }, 'not'),
    { grpc_status_filter: { statuses: ['OK'], exclude: true } },
  ),
);

/** The sidecar marks it, or says why it ended it: no RBAC filter and no handshake sets a flag. */
export const failedConnection: EnvoyMessage = anyOf(
  { response_flag_filter: {} },
  matches("connection.termination_details != ''"),
  matches("connection.transport_failure_reason != ''"),
);

function contentType(string_match: EnvoyMessage, not?: 'not'): EnvoyMessage {
  const header = { name: 'content-type', string_match, ...(not && { invert_match: true }) };
  return { header_filter: { header } };
}
