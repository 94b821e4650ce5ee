// Writes OTLP for a collector: who tells becomes the resource. Pure.
// @see https://opentelemetry.io/docs/specs/semconv/resource/
import { Buffer } from 'node:buffer';
import { durationBounds, statsPrefix } from '../values/sidecar-names.ts';
import type { Point } from '../telemetry/point.ts';
import { logsRequest, metricsRequest, traceRequest } from './otlp-schema.ts';
import type { Attributes, LogRecord, Signal, Source, Span } from './signals.ts';

/** The requests that bring all of them: those of one type go together. */
export function writeOtlp(type: Signal['type'], signals: readonly Signal[]): Uint8Array {
  if (type === 'logs') {
    const resourceLogs = signals.flatMap((signal) =>
      signal.type === 'logs' ? resourceLogsOf(signal.source, signal.records) : [],
    );
    return encoded(logsRequest, { resourceLogs });
  }
  if (type === 'spans') {
    const resourceSpans = signals.flatMap((signal) =>
      signal.type === 'spans'
        ? [{ resource: resourceOf(signal.source), scopeSpans: [{ scope, spans: signal.spans.map(spanOf) }] }]
        : [],
    );
    return encoded(traceRequest, { resourceSpans });
  }
  const resourceMetrics = signals.flatMap((signal) =>
    signal.type === 'counts'
      ? [
          {
            resource: resourceOf(signal.source),
            scopeMetrics: [{ scope, metrics: metricsOf(signal.points, signal.timeNs) }],
          },
        ]
      : [],
  );
  return encoded(metricsRequest, { resourceMetrics });
}

const scope = { name: 'meshwright' };

function resourceOf({ kind, namespace, name, serviceAccount, spiffeId }: Source): object {
  return {
    attributes: pairs({
      'service.name': serviceAccount,
      'service.namespace': namespace,
      'service.instance.id': name,
      'k8s.namespace.name': namespace,
      ...(kind === 'Pod' && { 'k8s.pod.name': name }),
      'meshwright.identity': spiffeId,
    }),
  };
}

/** The name of the access log is the name of the scope. */
function resourceLogsOf(source: Source, records: readonly LogRecord[]): readonly object[] {
  const names = [...new Set(records.map(({ log }) => log))];
  const scopeLogs = names.map((name) => ({
    scope: { name },
    logRecords: records.filter(({ log }) => log === name).map(logOf),
  }));
  return [{ resource: resourceOf(source), scopeLogs }];
}

function logOf({ timeNs, text, attributes, traceId, spanId }: LogRecord): object {
  return {
    timeUnixNano: String(timeNs),
    observedTimeUnixNano: String(timeNs),
    ...(text !== '' && { body: { stringValue: text } }),
    attributes: pairs(attributes),
    traceId: Buffer.from(traceId, 'hex'),
    spanId: Buffer.from(spanId, 'hex'),
  };
}

function spanOf(span: Span): object {
  return {
    traceId: Buffer.from(span.traceId, 'hex'),
    spanId: Buffer.from(span.spanId, 'hex'),
    parentSpanId: Buffer.from(span.parentId, 'hex'),
    traceState: span.traceState,
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: String(span.startNs),
    endTimeUnixNano: String(span.endNs),
    attributes: pairs(span.attributes),
    status: { code: span.status },
  };
}

const delta = 1;

function metricsOf(points: readonly Point[], timeNs: bigint): readonly object[] {
  const time = String(timeNs);
  return points.map(({ metric, tags, count, buckets }) => {
    const attributes = pairs(Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== '')));
    const name = `${statsPrefix}.${metric}`;
    if (buckets === null) {
      const dataPoints = [{ attributes, timeUnixNano: time, asInt: count }];
      return { name, sum: { dataPoints, aggregationTemporality: delta, isMonotonic: true } };
    }
    const dataPoints = [
      { attributes, timeUnixNano: time, count, bucketCounts: buckets, explicitBounds: durationBounds },
    ];
    return { name, unit: 'ms', histogram: { dataPoints, aggregationTemporality: delta } };
  });
}

function pairs(attributes: Attributes): readonly object[] {
  return Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

function encoded(type: typeof logsRequest, value: object): Uint8Array {
  return type.encode(type.fromObject(value)).finish();
}
