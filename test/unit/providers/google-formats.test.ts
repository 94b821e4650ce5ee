// What is written for Google Cloud, held against Google's own definitions and limits.
import { expect, test } from '@jest/globals';
import { outcomeOf } from '../../../operator/providers/google/answer.ts';
import { resourceOf, timeOf, truncated } from '../../../operator/providers/google/place.ts';
import { writeEntries } from '../../../operator/providers/google/write-logging.ts';
import { writeTimeSeries } from '../../../operator/providers/google/write-monitoring.ts';
import { writeSpans } from '../../../operator/providers/google/write-trace.ts';
import { CumulativeSeries } from '../../../operator/providers/google/series.ts';
import type { Attributes, Signal } from '../../../operator/providers/signals.ts';
import {
  type CloudSpan,
  type Entry,
  inEntry,
  inSpan,
  inTimeSeries,
  type TimeSeries,
} from '../../support/google/checks.ts';
import { mistakesIn } from '../../support/google/definitions.ts';
import {
  countsOf,
  pointOf,
  sampleRecord,
  sampleSource,
  sampleSpan,
} from '../../support/telemetry/signals.ts';

const project = 'my-project-123';
const place = { project, cluster: { name: 'one', location: 'europe-west1' } };
const pod = {
  type: 'k8s_pod',
  labels: {
    project_id: project,
    location: 'europe-west1',
    cluster_name: 'one',
    namespace_name: 'shop',
    pod_name: 'reviews-1',
  },
};

function entriesOf(...records: readonly Parameters<typeof sampleRecord>[0][]): readonly Entry[] {
  const logs: Signal = { type: 'logs', source: sampleSource, records: records.map(sampleRecord) };
  const body = writeEntries([logs], place) as { readonly entries: readonly Entry[] };
  expect(mistakesIn('google.logging.v2.WriteLogEntriesRequest', body)).toEqual([]);
  expect(body.entries.flatMap((entry) => inEntry(entry, project))).toEqual([]);
  return body.entries;
}

function spanOf(parts: Parameters<typeof sampleSpan>[0]): CloudSpan {
  const body = writeSpans([{ type: 'spans', source: sampleSource, spans: [sampleSpan(parts)] }], place);
  expect(mistakesIn('google.devtools.cloudtrace.v2.BatchWriteSpansRequest', body)).toEqual([]);
  const [span] = (body as { readonly spans: readonly CloudSpan[] }).spans;
  if (span === undefined) throw new Error('no span');
  expect(inSpan(span, project)).toEqual([]);
  return span;
}

const request: Attributes = {
  method: 'GET',
  authority: 'reviews.shop',
  path: '/a?b=c',
  response_code: '503',
  duration_ms: '1234',
  bytes_received: '5',
  bytes_sent: '67',
  downstream_address: '10.0.0.9:4711',
  upstream_address: '[fd00::1]:8080',
  protocol: 'HTTP/1.1',
};

test('an access log of a request', () => {
  const trace = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
  const [entry] = entriesOf({
    log: 'errors',
    timeNs: 1_795_980_459_691_336_123n,
    attributes: request,
    ...trace,
  });

  expect(entry).toEqual({
    logName: 'projects/my-project-123/logs/meshwright%2Ferrors',
    resource: pod,
    timestamp: '2026-11-29T19:27:39.691336123Z',
    severity: 'ERROR',
    insertId: expect.stringMatching(/^[\w-]{27}$/),
    labels: { 'meshwright.dev/identity': sampleSource.spiffeId },
    httpRequest: {
      requestMethod: 'GET',
      requestUrl: 'http://reviews.shop/a?b=c',
      status: 503,
      requestSize: '5',
      responseSize: '67',
      remoteIp: '10.0.0.9',
      serverIp: 'fd00::1',
      latency: '1.234s',
      protocol: 'HTTP/1.1',
    },
    trace: `projects/my-project-123/traces/${trace.traceId}`,
    spanId: trace.spanId,
    jsonPayload: request,
  });
});

test('a line of text, a connection, and numbers that are none', () => {
  const odd = {
    method: 'GET',
    response_code: 'x',
    duration_ms: '-',
    bytes_sent: '1e3',
    downstream_address: 'pipe',
  };
  const [line, connection, strange] = entriesOf(
    { text: 'a line', attributes: {} },
    { attributes: { log: 'connection', refused: 'mtls-required' } },
    { attributes: odd },
  );

  expect(line).toMatchObject({ textPayload: 'a line', severity: 'INFO' });
  expect(connection).toMatchObject({ severity: 'WARNING', jsonPayload: { log: 'connection' } });
  expect(connection).not.toHaveProperty('httpRequest');
  expect(strange?.httpRequest).toEqual({ requestMethod: 'GET' });
});

test('a record that is sent again has the same insertId, another one has another', () => {
  const ids = entriesOf({}, {}, { timeNs: 2n }, { text: 'a' }, { attributes: request }).map(
    ({ insertId }) => insertId,
  );

  expect(ids[0]).toBe(ids[1]);
  expect(new Set(ids).size).toBe(4);
});

test('what is too large is shortened', () => {
  const values = ['€', 'a', '\u0001', '"', '🙂'].map((character) => character.repeat(8_000));
  const many = Object.fromEntries(
    Array.from({ length: 128 }, (_, at) => [`key-${at}-${'k'.repeat(300)}`, values[at % 5] ?? '']),
  );

  const [entry, line] = entriesOf({ attributes: many }, { text: '\u0001'.repeat(260_000) });
  expect(Object.keys(entry?.jsonPayload ?? {})).toHaveLength(128);
  expect(line?.textPayload).toHaveLength(20_000);
  const span = spanOf({ name: '🙂'.repeat(100), attributes: many });
  expect(span.displayName).toEqual({ value: '🙂'.repeat(32), truncatedByteCount: 272 });
  expect(span.attributes).toMatchObject({ droppedAttributesCount: 128 });
});

test('a span', () => {
  const attributes = { 'http.method': 'GET', 'meshwright.peer': 'p' };

  expect(spanOf({ parentId: '00f067aa0ba902b7', status: 2, attributes })).toEqual({
    name: 'projects/my-project-123/traces/0af7651916cd43dd8448eb211c80319c/spans/b7ad6b7169203331',
    spanId: 'b7ad6b7169203331',
    parentSpanId: '00f067aa0ba902b7',
    displayName: { value: 'ingress' },
    startTime: '2026-11-29T19:27:39.691336123Z',
    endTime: '2026-11-29T19:27:39.697468123Z',
    spanKind: 'SERVER',
    status: { code: 2 },
    attributes: {
      attributeMap: Object.fromEntries(
        Object.entries({
          ...Object.fromEntries(
            Object.entries(pod.labels).map(([key, value]) => [`g.co/r/k8s_pod/${key}`, value]),
          ),
          'g.co/agent': 'meshwright',
          'meshwright.identity': sampleSource.spiffeId,
          'service.name': 'reviews',
          '/http/method': 'GET',
          'meshwright.peer': 'p',
        }).map(([key, value]) => [key, { stringValue: { value } }]),
      ),
    },
  });
});

test('a span whose clock went back ends when it begins, and one of no kind has none', () => {
  const span = spanOf({ startNs: 2_000n, endNs: 1_000n, kind: 0, name: '' });

  expect(span).toMatchObject({ endTime: span.startTime, spanKind: 'SPAN_KIND_UNSPECIFIED' });
  expect(span.displayName.value).toBe('unknown');
});

function seriesOf(...points: readonly Parameters<typeof pointOf>[0][]): readonly TimeSeries[] {
  const sums = new CumulativeSeries();
  sums.add([countsOf(20_000, ...points.map(pointOf))]);
  const written = new Map();
  return writeTimeSeries(sums.due(0), place).flatMap(({ body }) => {
    expect(mistakesIn('google.monitoring.v3.CreateTimeSeriesRequest', body)).toEqual([]);
    const { timeSeries } = body as { readonly timeSeries: readonly TimeSeries[] };
    expect(timeSeries.length).toBeLessThanOrEqual(200);
    expect(timeSeries.flatMap((series) => inTimeSeries(series, written))).toEqual([]);
    return timeSeries;
  });
}

test('a sum and a distribution, with their units', () => {
  const buckets = [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const [requests, duration, bytes] = seriesOf(
    { tags: { source: 's', port: '80' }, count: 3 },
    { metric: 'inbound.duration', count: 2, buckets, sum: 5 },
    { metric: 'inbound.received_bytes', count: 2 ** 40 },
  );

  const interval = { startTime: '1970-01-01T00:00:15.000000000Z', endTime: '1970-01-01T00:00:20.000000000Z' };
  expect(requests).toEqual({
    metric: {
      type: 'workload.googleapis.com/meshwright.inbound.requests',
      labels: { source: 's', port: '80', service_account: 'reviews' },
    },
    resource: pod,
    metricKind: 'CUMULATIVE',
    valueType: 'INT64',
    unit: '1',
    points: [{ interval, value: { int64Value: '3' } }],
  });
  expect(duration).toMatchObject({
    valueType: 'DISTRIBUTION',
    unit: 'ms',
    points: [{ value: { distributionValue: { count: '2', mean: 2.5, bucketCounts: buckets.map(String) } } }],
  });
  expect(bytes).toMatchObject({ unit: 'By', points: [{ value: { int64Value: '1099511627776' } }] });
});

test('at most 200 in a request; long values of labels are shortened, and what is then the same is one series', () => {
  const many = Array.from({ length: 401 }, (_, at) => ({ tags: { route: `r${at}` } }));
  const long = ['a', 'b'].map((end) => ({ tags: { rule: '€'.repeat(500) + end }, count: 2 }));

  expect(seriesOf(...many)).toHaveLength(401);
  expect(seriesOf(...long)).toMatchObject([{ points: [{ value: { int64Value: '4' } }] }]);
});

test.each([
  ['a pod, of no known cluster', { ...sampleSource }, null, 'global'],
  ['a machine', { ...sampleSource, kind: 'ExternalWorkload' }, place.cluster, 'europe-west1'],
])('%s is a task', (_, source, cluster, location) => {
  expect(resourceOf(source, { project, cluster })).toEqual({
    type: 'generic_task',
    labels: { project_id: project, location, namespace: 'shop', job: 'reviews', task_id: 'reviews-1' },
  });
});

test('times to the nanosecond, and text that is cut between characters', () => {
  expect(timeOf(1n)).toBe('1970-01-01T00:00:00.000000001Z');
  expect(truncated('aé', 2)).toEqual({ value: 'a', left: 2 });
  expect(truncated('aé', 3)).toEqual({ value: 'aé', left: 0 });
});

const summary = {
  totalPointCount: 5,
  successPointCount: 3,
  errors: [{ pointCount: 2, status: { code: 3 } }],
};

test.each([
  ['without rights', 403, '', [], 'failed', 'HTTP 403 PERMISSION_DENIED why'],
  ['another project', 404, '', [], 'failed', 'HTTP 404 PERMISSION_DENIED why'],
  ['too many', 429, '', [], 'failed', 'HTTP 429 PERMISSION_DENIED why'],
  ['down', 503, '', [], 'failed', 'HTTP 503 PERMISSION_DENIED why'],
  ['bad', 400, '', [], 'invalid', 'HTTP 400 PERMISSION_DENIED why'],
  ['large', 413, '', [], 'tooLarge', 'HTTP 413 PERMISSION_DENIED why'],
  ['larger', 400, 'Request payload size exceeds', [], 'tooLarge', 'Request payload size exceeds'],
  ['some series', 400, '', [summary], 'partly 2', 'why'],
  ['no series', 400, '', [{ ...summary, successPointCount: undefined }], 'invalid', 'why'],
  ['some entries', 403, '', [{ logEntryErrors: { 0: { code: 3 }, 7: {} } }], 'partly 2', 'why'],
])('refused: %s', (_, status, message, details, type, reason) => {
  const error = {
    code: status,
    status: 'PERMISSION_DENIED',
    message: message === '' ? 'why' : message,
    details,
  };

  const outcome = outcomeOf(status, JSON.stringify({ error }));

  expect([outcome.type, ...(outcome.type === 'partly' ? [outcome.refused] : [])].join(' ')).toBe(type);
  expect(outcome).toHaveProperty('reason', expect.stringContaining(reason));
});

test('an answer that is not Google’s', () => {
  expect(outcomeOf(502, '<html>\nproxy</html>')).toEqual({
    type: 'failed',
    reason: 'HTTP 502 <html> proxy</html>',
  });
});
