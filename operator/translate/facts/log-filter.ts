// Whether Envoy takes an expression that chooses which requests are logged: it is CEL with Envoy's attributes, and a listener with one that it
// does not take would be refused as a whole.
// @see https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
import { type CelGrammar, celEnvironment, celFunctions, celOperators, readCel } from './cel.ts';

const headers = 'map<string, string>';

/** Those that are known when a request has ended, without what only some filters know. */
const attributes = {
  request: {
    path: 'string',
    url_path: 'string',
    host: 'string',
    scheme: 'string',
    method: 'string',
    headers,
    referer: 'string',
    useragent: 'string',
    time: 'google.protobuf.Timestamp',
    id: 'string',
    protocol: 'string',
    query: 'string',
    duration: 'google.protobuf.Duration',
    size: 'int',
    total_size: 'int',
  },
  response: {
    code: 'int',
    code_details: 'string',
    flags: 'int',
    grpc_status: 'int',
    headers,
    trailers: headers,
    size: 'int',
    total_size: 'int',
  },
  source: { address: 'string', port: 'int' },
  destination: { address: 'string', port: 'int' },
  connection: {
    mtls: 'bool',
    requested_server_name: 'string',
    tls_version: 'string',
    uri_san_local_certificate: 'string',
    uri_san_peer_certificate: 'string',
    termination_details: 'string',
  },
  upstream: {
    address: 'string',
    port: 'int',
    tls_version: 'string',
    uri_san_local_certificate: 'string',
    uri_san_peer_certificate: 'string',
    transport_failure_reason: 'string',
    request_attempt_count: 'int',
  },
  xds: { route_name: 'string', cluster_name: 'string' },
} as const;

const grammar: CelGrammar = {
  environment: celEnvironment(attributes),
  // Without +: Envoy joins no texts, and what fails is not logged.
  operators: new Set([...celOperators, '-_', '-', '*', '/', '%']),
  // Without matches(): what a regular expression may cost is bounded elsewhere, and nothing here needs one.
  functions: new Set([...celFunctions, 'duration', 'timestamp']),
};

/** Null: Envoy takes it. Else why not, without a full stop. */
export function problemOfFilter(expression: string): string | null {
  const read = readCel(expression, grammar);
  return 'problem' in read ? read.problem : null;
}
