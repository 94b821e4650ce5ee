// Writes what plug-ins are sent: ReportRequest of api/plugin/telemetry.proto. Pure.
import protobuf from 'protobufjs';
import { durationBounds } from '../values/sidecar-names.ts';
import type { Signal, Source } from './signals.ts';

/** As api/plugin/telemetry.proto says; a test compares them. */
const text = `
syntax = "proto3";
package meshwright.telemetry.v1;
message ReportRequest { repeated AccessRecord records = 1; repeated Span spans = 2; repeated Count counts = 3; }
message Workload { string kind = 1; string namespace = 2; string name = 3; string service_account = 4; string spiffe_id = 5; }
message AccessRecord { Workload workload = 1; string log = 2; fixed64 time_unix_nano = 3; map<string, string> fields = 4; string text = 5; string trace_id = 6; string span_id = 7; }
message Span { Workload workload = 1; string trace_id = 2; string span_id = 3; string parent_span_id = 4; string name = 5; string kind = 6; fixed64 start_unix_nano = 7; fixed64 end_unix_nano = 8; map<string, string> tags = 9; bool error = 10; }
message Count { Workload workload = 1; string metric = 2; map<string, string> tags = 3; fixed64 count = 4; repeated fixed64 buckets = 5; repeated double bounds = 6; }
`;

const reportRequest = protobuf
  .parse(text, { keepCase: true })
  .root.lookupType('meshwright.telemetry.v1.ReportRequest');

export const pluginPath = '/meshwright.telemetry.v1.TelemetryPlugin/Report';

const kinds: Readonly<Record<number, string>> = { 2: 'SERVER', 3: 'CLIENT' };
const failed = 2;

export function writePlugin(signals: readonly Signal[]): Uint8Array {
  const request = {
    records: signals.flatMap((signal) => (signal.type === 'logs' ? recordsOf(signal) : [])),
    spans: signals.flatMap((signal) => (signal.type === 'spans' ? spansOf(signal) : [])),
    counts: signals.flatMap((signal) => (signal.type === 'counts' ? countsOf(signal) : [])),
  };
  return reportRequest.encode(reportRequest.fromObject(request)).finish();
}

function workloadOf({ kind, namespace, name, serviceAccount, spiffeId }: Source): object {
  return { kind, namespace, name, service_account: serviceAccount, spiffe_id: spiffeId };
}

type Of<T extends Signal['type']> = Extract<Signal, { readonly type: T }>;

function recordsOf({ source, records }: Of<'logs'>): readonly object[] {
  return records.map(({ log, timeNs, attributes, text: line, traceId, spanId }) => ({
    workload: workloadOf(source),
    log,
    time_unix_nano: String(timeNs),
    fields: attributes,
    text: line,
    trace_id: traceId,
    span_id: spanId,
  }));
}

function spansOf({ source, spans }: Of<'spans'>): readonly object[] {
  return spans.map((span) => ({
    workload: workloadOf(source),
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentId,
    name: span.name,
    kind: kinds[span.kind] ?? '',
    start_unix_nano: String(span.startNs),
    end_unix_nano: String(span.endNs),
    tags: span.attributes,
    error: span.status === failed,
  }));
}

function countsOf({ source, points }: Of<'counts'>): readonly object[] {
  return points.map(({ metric, tags, count, buckets }) => ({
    workload: workloadOf(source),
    metric,
    tags: Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== '')),
    count,
    ...(buckets !== null && { buckets, bounds: durationBounds }),
  }));
}
