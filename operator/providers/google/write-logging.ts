// Writes access logs for Cloud Logging. Pure. @see https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/write
import { createHash } from 'node:crypto';
import type { Attributes, LogRecord, Signal } from '../signals.ts';
import { type Place, resourceOf, timeOf, truncated } from './place.ts';

/** Cloud Logging takes 256 KB, as it counts itself. @see https://cloud.google.com/logging/quotas */
const mostBytesOfEntry = 200_000;
/** Of a value, where the whole would be too large: even 128 of them, each character escaped, have room. */
const mostBytesOfValue = 200;

/** Those that are written at all, even if others are refused. */
export function writeEntries(signals: readonly Signal[], place: Place): object {
  const entries = signals.flatMap((signal) =>
    signal.type === 'logs' ? signal.records.map((record) => entryOf(record, signal.source, place)) : [],
  );
  return { entries, partialSuccess: true };
}

function entryOf(record: LogRecord, source: Signal['source'], place: Place): object {
  const entry = written(record, source, place);
  if (Buffer.byteLength(JSON.stringify(entry)) <= mostBytesOfEntry) return entry;
  const attributes = Object.fromEntries(
    Object.entries(record.attributes).map(([key, value]) => [
      truncated(key, mostBytesOfValue).value,
      truncated(value, mostBytesOfValue).value,
    ]),
  );
  const text = truncated(record.text, mostBytesOfEntry / 10).value;
  return written({ ...record, attributes, text }, source, place);
}

function written(record: LogRecord, source: Signal['source'], place: Place): object {
  const { log, timeNs, text, attributes, traceId, spanId } = record;
  const httpRequest = httpRequestOf(attributes);
  return {
    logName: `projects/${place.project}/logs/${encodeURIComponent(`meshwright/${log}`)}`,
    resource: resourceOf(source, place),
    timestamp: timeOf(timeNs),
    severity: severityOf(attributes),
    insertId: insertIdOf(record, source),
    labels: { 'meshwright.dev/identity': source.spiffeId },
    ...(httpRequest !== null && { httpRequest }),
    ...(traceId !== '' && { trace: `projects/${place.project}/traces/${traceId}` }),
    ...(spanId !== '' && { spanId }),
    ...(text === '' ? { jsonPayload: attributes } : { textPayload: text }),
  };
}

function severityOf({ response_code: code = '', refused }: Attributes): string {
  if (code.startsWith('5')) return 'ERROR';
  return code.startsWith('4') || refused !== undefined ? 'WARNING' : 'INFO';
}

/** null for a connection. What has another form than Google wants is left out: it would refuse the whole entry. */
function httpRequestOf(attributes: Attributes): object | null {
  const { method, authority, path, protocol } = attributes;
  if (method === undefined) return null;
  const status = numberOf(attributes['response_code']);
  const millis = numberOf(attributes['duration_ms']);
  const said = {
    requestMethod: method,
    requestUrl: path === undefined ? authority : `http://${authority ?? 'unknown'}${path}`,
    ...(status !== null && { status: Number(status) }),
    requestSize: numberOf(attributes['bytes_received']),
    responseSize: numberOf(attributes['bytes_sent']),
    userAgent: attributes['request.headers.user-agent'],
    referer: attributes['request.headers.referer'],
    remoteIp: hostOf(attributes['downstream_address']),
    serverIp: hostOf(attributes['upstream_address']),
    ...(millis !== null && { latency: `${Number(millis) / 1_000}s` }),
    protocol,
  };
  return Object.fromEntries(
    Object.entries(said).filter(([, value]) => value !== undefined && value !== null),
  );
}

/** As JSON of protobuf has an int64. */
function numberOf(text = ''): string | null {
  return /^\d{1,15}$/.test(text) ? text : null;
}

function hostOf(address = ''): string | undefined {
  return /^\[?([0-9a-fA-F.:]+?)\]?:\d+$/.exec(address)?.[1];
}

/** The same of a record that is sent again: Cloud Logging keeps one of them. */
function insertIdOf(record: LogRecord, { workload }: Signal['source']): string {
  const { timeNs, ...others } = record;
  const what = JSON.stringify([workload, String(timeNs), others]);
  return createHash('sha256').update(what).digest('base64url').slice(0, 27);
}
