// What a sidecar writes about each request and connection: a line on its standard output.
// (The file logger cannot be used: /dev/stdout is not the sidecar user's to open.)
// @see https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
import type { AccessLogIr, LogFormatIr, TextPartIr } from '../../ir/access-log.ts';
import { logFields } from '../../values/log-fields.ts';
import { duration } from '../proto/well-known.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { failedConnection, failedRequest } from './failures.ts';
import { connectionFields, formatOf, requestFields } from './log-fields.ts';
import { probeRouteName } from './names.ts';
import { allOf, anyOf, atTheEnd, matches, runtimeFilter } from './log-filters.ts';
import { reportsToOperator } from './reports-to-operator.ts';
import {
  connectionLogKey,
  failedConnectionLogKey,
  failedRequestLogKey,
  namedLogKey,
  probeLogKey,
  requestLogKey,
} from './runtime.ts';
import { any, extension } from './typed-config.ts';
import { type Direction, directionOf, type Vantage } from './vantage.ts';

/** What the application asked for in its own handshake, where it is read. */
const serverName = { requested_server_name: '%REQUESTED_SERVER_NAME%' };

/** A line for each request, or each that failed, unless a kubelet probes: it comes without a certificate, by a route of its own. */
export function requestLog(vantage: Vantage): EnvoyMessage {
  const direction = directionOf(vantage);
  return {
    ...line(requestFields(direction)),
    filter: allOf(
      anyOf(
        runtimeFilter(requestLogKey(direction)),
        // Most have not failed, and are asked for no value then.
        allOf(failedRequest, runtimeFilter(failedRequestLogKey(direction))),
      ),
      atTheEnd,
      ...(vantage === 'plaintext' ? [anyOf(runtimeFilter(probeLogKey), noProbe)] : []),
    ),
  };
}

/** What the Mesh asks for besides. Each is off until a runtime value says that this sidecar writes it. */
export function namedRequestLog(log: AccessLogIr, vantage: Vantage): EnvoyMessage {
  const direction = directionOf(vantage);
  const filters = [
    runtimeFilter(namedLogKey(log.name, direction)),
    atTheEnd,
    ...(log.outcome === 'Failed' ? [failedRequest] : []),
    ...(vantage === 'plaintext' && !log.probes ? [noProbe] : []),
    ...(log.filter === null ? [] : [matches(log.filter)]),
  ];
  return {
    ...(log.providers.length === 0 ? stdout(formatted(log.format, direction)) : toOperator(log, direction)),
    filter: allOf(...filters),
  };
}

/** A line for each TCP connection that found its filter chain, or each of them that failed. */
export function connectionLog(direction: Direction): EnvoyMessage {
  return {
    ...line({
      log: 'connection',
      ...connectionFields(direction),
      ...(direction === 'outbound' && serverName),
    }),
    filter: allOf(
      atTheEnd,
      anyOf(
        runtimeFilter(connectionLogKey(direction)),
        allOf(runtimeFilter(failedConnectionLogKey(direction)), failedConnection),
      ),
    ),
  };
}

/**
 * A line for each connection that no filter chain took: only the listener sees these. (Failed handshakes are in the
 * connection log of TCP ports; on HTTP ports the caller's sidecar has them as upstream_failure.)
 */
export function refusedConnectionLog(direction: Direction): EnvoyMessage {
  const { identity: _none, peer: _nobody, ...fields } = connectionFields(direction);
  return {
    ...line({ log: 'refused', ...fields, details: '%RESPONSE_CODE_DETAILS%' }),
    filter: allOf(
      // Those that found one may have other flags, and have their line from there.
      { response_flag_filter: { flags: ['NR'] } },
      anyOf(runtimeFilter(connectionLogKey(direction)), runtimeFilter(failedConnectionLogKey(direction))),
    ),
  };
}

const noProbe = matches(`xds.route_name != '${probeRouteName}'`);

function formatted(format: LogFormatIr, direction: Direction): EnvoyMessage {
  if (format.type === 'Text') {
    return { text_format_source: { inline_string: `${textOf(format.parts, direction)}\n` } };
  }
  const fields = fieldsOf(format.fields, direction);
  return { json_format: Object.fromEntries(fields), omit_empty_values: true };
}

function textOf(parts: readonly TextPartIr[], direction: Direction): string {
  const text = parts.map((part) =>
    'text' in part ? part.text.replaceAll('%', '%%') : (formatOf(part.field, direction) ?? '-'),
  );
  return text.join('');
}

type Formatted = readonly [name: string, format: string];

function fieldsOf(names: readonly string[] | null, direction: Direction): readonly Formatted[] {
  return (names ?? logFields).flatMap((name) => {
    const format = formatOf(name, direction);
    return format === null ? [] : [[name, format] as const];
  });
}

/** Of one message: each is work of its own. Four times Envoy's default, and much less than what the operator takes (providers/service.ts). */
const recordsBytes = 64 * 1024;

/** By OTLP. The operator knows by the name of the log who receives it, and by the node, which it has proven, from whom it is. */
function toOperator({ name, format }: AccessLogIr, direction: Direction): EnvoyMessage {
  const attributes = format.type === 'Text' ? [] : fieldsOf(format.fields, direction);
  return extension(
    'envoy.access_loggers.open_telemetry',
    'envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig',
    {
      grpc_service: reportsToOperator,
      log_name: name,
      buffer_flush_interval: duration(1_000),
      buffer_size_bytes: { value: recordsBytes },
      ...(format.type === 'Text' && { body: { string_value: textOf(format.parts, direction) } }),
      attributes: { values: attributes.map(([key, value]) => ({ key, value: { string_value: value } })) },
    },
  );
}

function line(fields: EnvoyMessage): EnvoyMessage {
  return stdout({ json_format: fields, omit_empty_values: true });
}

function stdout(format: EnvoyMessage): EnvoyMessage {
  return {
    name: 'envoy.access_loggers.stdout',
    typed_config: any('envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', { log_format: format }),
  };
}
