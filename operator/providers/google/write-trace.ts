// Writes spans for Cloud Trace. Pure. @see https://cloud.google.com/trace/docs/reference/v2/rest/v2/projects.traces/batchWrite
import type { Attributes, Signal, Span } from '../signals.ts';
import { type Place, resourceOf, timeOf, truncated } from './place.ts';

/** Limits of Cloud Trace. @see https://cloud.google.com/trace/docs/quotas */
const mostAttributes = 32;
const mostNameBytes = 128;
const mostValueBytes = 256;

/** As OTLP numbers kinds. */
const kinds: Readonly<Record<number, string>> = { 2: 'SERVER', 3: 'CLIENT', 4: 'PRODUCER', 5: 'CONSUMER' };
const failed = 2;
/** google.rpc.Code: which one, the span does not say. */
const unknown = 2;

/** What the console looks for. @see https://cloud.google.com/trace/docs/trace-labels */
const renamed: Readonly<Record<string, string>> = {
  'http.method': '/http/method',
  'http.url': '/http/url',
  'http.status_code': '/http/status_code',
  'http.protocol': '/http/client_protocol',
  user_agent: '/http/user_agent',
  request_size: '/http/request/size',
  response_size: '/http/response/size',
};

export function writeSpans(signals: readonly Signal[], place: Place): object {
  const spans = signals.flatMap((signal) =>
    signal.type === 'spans' ? signal.spans.map((span) => spanOf(span, signal.source, place)) : [],
  );
  return { spans };
}

function spanOf(span: Span, source: Signal['source'], place: Place): object {
  const { traceId, spanId, parentId, startNs, endNs } = span;
  return {
    name: `projects/${place.project}/traces/${traceId}/spans/${spanId}`,
    spanId,
    ...(parentId !== '' && { parentSpanId: parentId }),
    displayName: stringOf(span.name === '' ? 'unknown' : span.name, mostNameBytes),
    startTime: timeOf(startNs),
    endTime: timeOf(endNs < startNs ? startNs : endNs),
    attributes: attributesOf({ ...aboutSource(source, place), ...span.attributes }),
    spanKind: kinds[span.kind] ?? 'SPAN_KIND_UNSPECIFIED',
    ...(span.status === failed && { status: { code: unknown } }),
  };
}

function aboutSource(source: Signal['source'], place: Place): Attributes {
  const { type, labels } = resourceOf(source, place);
  const resource = Object.entries(labels).map(([key, value]) => [`g.co/r/${type}/${key}`, value]);
  return {
    ...Object.fromEntries(resource),
    'g.co/agent': 'meshwright',
    'meshwright.identity': source.spiffeId,
    'service.name': source.serviceAccount,
  };
}

function attributesOf(all: Attributes): object {
  const named = Object.entries(all).filter(([key]) => Buffer.byteLength(key) <= mostNameBytes);
  const kept = named.slice(0, mostAttributes);
  const dropped = Object.keys(all).length - kept.length;
  const attributeMap = Object.fromEntries(
    kept.map(([key, value]) => [renamed[key] ?? key, { stringValue: stringOf(value, mostValueBytes) }]),
  );
  return { attributeMap, ...(dropped > 0 && { droppedAttributesCount: dropped }) };
}

function stringOf(text: string, most: number): object {
  const { value, left } = truncated(text, most);
  return { value, ...(left > 0 && { truncatedByteCount: left }) };
}
