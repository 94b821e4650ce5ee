// Whether Envoy takes an expression that chooses which requests are logged: it is CEL with Envoy's attributes, and a listener with one that it
// does not take would be refused as a whole.
// @see https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
import { Environment } from '@marcbachmann/cel-js';

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

const environment = Object.entries(attributes).reduce(
  (made, [name, schema]) => made.registerVariable({ name, schema }),
  new Environment({ unlistedVariablesAreDyn: false }),
);

/** Without +: Envoy joins no texts, and what fails is not logged. */
// prettier-ignore
const operators = new Set([
  'value', 'id', '.', '[]', 'list', '!_', '-_', '?:', '&&', '||', 'in', '==', '!=', '<', '<=', '>', '>=', '-', '*', '/', '%',
]);
/** Without matches(): what a regular expression may cost is bounded elsewhere, and nothing here needs one. */
const functions = new Set(['size', 'duration', 'timestamp', 'startsWith', 'endsWith', 'contains']);

interface Node {
  readonly op: string;
  readonly args: unknown;
}

/** Of brackets and operators of one operand, which both parsers take one in the other. */
const deepest = 24;

/** Null: Envoy takes it. Else why not, without a full stop. */
export function problemOfFilter(expression: string): string | null {
  if ((expression.match(/[([!?-]/g) ?? []).length > deepest)
    return `it has more than ${deepest} brackets and negations`;
  let program: ReturnType<Environment['parse']>;
  try {
    program = environment.parse(expression);
  } catch (error) {
    return firstLine(error);
  }
  const unknown = foreign(program.ast);
  if (unknown !== null) return `${unknown} cannot be used in it`;
  const { valid, type, error } = program.check();
  if (!valid) return firstLine(error);
  return type === 'bool' ? null : `it is of type ${type}, and must be true or false`;
}

/** The first operator or function that Envoy does not have here. */
function foreign(node: unknown): string | null {
  if (Array.isArray(node)) return first(node);
  if (!isNode(node)) return null;
  const { op, args } = node;
  if (op === 'call' || op === 'rcall') {
    const [called, ...others] = Array.isArray(args) ? (args as readonly unknown[]) : [];
    const name = String(called);
    return functions.has(name) ? (badLiteral(name, others) ?? first(others)) : `${name}()`;
  }
  return operators.has(op) ? first([args]) : `"${op}"`;
}

const literals: Readonly<Record<string, RegExp>> = {
  duration: /^-?([0-9]{1,9}(\.[0-9]{1,9})?(h|m|s|ms|us|ns))+$/,
  timestamp:
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[-+][0-9]{2}:[0-9]{2})$/,
};

/** What is worked out from a request may fail with each, and then nothing is logged. */
function badLiteral(name: string, args: readonly unknown[]): string | null {
  const literal = literals[name];
  if (literal === undefined) return null;
  const [argument] = args.flat();
  const value = isNode(argument) && argument.op === 'value' ? argument.args : null;
  return typeof value === 'string' && literal.test(value) ? null : `${name}() of anything but a valid text`;
}

function first(nodes: readonly unknown[]): string | null {
  for (const node of nodes) {
    const found = foreign(node);
    if (found !== null) return found;
  }
  return null;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'op' in value;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? '';
}
