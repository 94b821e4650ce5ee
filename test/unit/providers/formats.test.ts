// What is read of OTLP and written as OTLP, JSON of Zipkin and for plug-ins.
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import protobuf from 'protobufjs';
import { logsRequest, metricsRequest, traceRequest } from '../../../operator/providers/otlp-schema.ts';
import { readLogs, readSpans } from '../../../operator/providers/read-otlp.ts';
import type { Signal } from '../../../operator/providers/signals.ts';
import { writeOtlp } from '../../../operator/providers/write-otlp.ts';
import { pluginPath, writePlugin } from '../../../operator/providers/write-plugin.ts';
import { writeZipkin } from '../../../operator/providers/write-zipkin.ts';
import { sampleRecord, sampleSource, sampleSpan } from '../../support/telemetry/signals.ts';

const pair = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
const traceId = Buffer.from('0af7651916cd43dd8448eb211c80319c', 'hex');
const spanId = Buffer.from('b7ad6b7169203331', 'hex');

function encoded(type: protobuf.Type, value: object): Uint8Array {
  return type.encode(type.fromObject(value)).finish();
}

function decoded(type: protobuf.Type, bytes: Uint8Array): unknown {
  return type.toObject(type.decode(bytes), { longs: String, bytes: String, arrays: false });
}

test('logs of Envoy: the node, the log, and attributes that have a value', () => {
  const logRecord = {
    timeUnixNano: '1795980459691336123',
    body: { stringValue: 'a line' },
    attributes: [pair('path', '/a'), pair('rule', '-'), pair('peer', '')],
    traceId,
    spanId,
  };
  const resource = { attributes: [pair('log_name', 'errors'), pair('node_name', 'Pod~shop~reviews-1~u')] };
  const bytes = encoded(logsRequest, {
    resourceLogs: [{ resource, scopeLogs: [{ logRecords: [logRecord] }] }],
  });

  expect(readLogs(bytes)).toEqual({
    nodeId: 'Pod~shop~reviews-1~u',
    records: [
      {
        timeNs: 1_795_980_459_691_336_123n,
        log: 'errors',
        text: 'a line',
        attributes: { path: '/a' },
        traceId: traceId.toString('hex'),
        spanId: spanId.toString('hex'),
      },
    ],
  });
});

test('a message of several nodes, and one that is none, are not read', () => {
  const spans = ['a', 'b'].map((node) => ({ traceId, spanId, attributes: [pair('node_id', node)] }));
  const bytes = encoded(traceRequest, { resourceSpans: [{ scopeSpans: [{ spans }] }] });

  expect(() => readSpans(bytes)).toThrow('a message of several nodes');
  for (const read of [readSpans, readLogs])
    expect(() => read(Buffer.from('garbage'))).toThrow(/index out of range|invalid wire type/);
});

test('what is written as OTLP is read again, but for who tells', () => {
  const record = sampleRecord({ log: 'errors', attributes: { path: '/a' }, text: 'a line' });
  const span = sampleSpan({ attributes: { peer: 'x' }, parentId: '00f067aa0ba902b7', status: 2 });
  const logs = writeOtlp('logs', [{ type: 'logs', source: sampleSource, records: [record] }]);
  const spans = writeOtlp('spans', [{ type: 'spans', source: sampleSource, spans: [span] }]);

  expect(readLogs(logs)).toEqual({ nodeId: '', records: [{ ...record, log: '' }] });
  expect(readSpans(spans)).toEqual({ nodeId: '', spans: [span] });
});

const counts: Signal = {
  type: 'counts',
  source: sampleSource,
  timeNs: 5n,
  points: [
    {
      metric: 'inbound.requests',
      tags: {
        source: 's',
        destination: '',
        port: '80',
        route: '',
        code: '2xx',
        flags: '',
        rule: '',
        grpc: '',
        peer: '',
      },
      count: 3,
      buckets: null,
    },
    {
      metric: 'inbound.duration',
      tags: {
        source: 's',
        destination: '',
        port: '80',
        route: '',
        code: '',
        flags: '',
        rule: '',
        grpc: '',
        peer: '',
      },
      count: 2,
      buckets: [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    },
  ],
};

test('counts are sums and histograms of differences, in milliseconds', () => {
  expect(decoded(metricsRequest, writeOtlp('counts', [counts]))).toMatchObject({
    resourceMetrics: [
      {
        scopeMetrics: [
          {
            metrics: [
              {
                name: 'meshwright.inbound.requests',
                sum: {
                  dataPoints: [
                    {
                      asInt: '3',
                      attributes: [pair('source', 's'), pair('port', '80'), pair('code', '2xx')],
                    },
                  ],
                  aggregationTemporality: 1,
                  isMonotonic: true,
                },
              },
              {
                name: 'meshwright.inbound.duration',
                unit: 'ms',
                histogram: { dataPoints: [{ count: '2' }], aggregationTemporality: 1 },
              },
            ],
          },
        ],
      },
    ],
  });
});

test('spans as Zipkin has them: microseconds, and who tells as the local endpoint', () => {
  const span = sampleSpan({ attributes: { 'http.method': 'GET' }, status: 2 });

  expect(JSON.parse(writeZipkin([{ type: 'spans', source: sampleSource, spans: [span] }]))).toEqual([
    {
      traceId: span.traceId,
      id: span.spanId,
      kind: 'SERVER',
      name: 'ingress',
      timestamp: 1_795_980_459_691_336,
      duration: 6_132,
      localEndpoint: { serviceName: 'reviews.shop' },
      tags: { 'http.method': 'GET', 'meshwright.identity': sampleSource.spiffeId, error: 'true' },
    },
  ]);
});

test('plug-ins read by the published interface all that is written for them', () => {
  const { root } = protobuf.parse(readFileSync('api/plugin/telemetry.proto', 'utf8'), { keepCase: true });
  const plugin = root.lookupService('meshwright.telemetry.v1.TelemetryPlugin');
  const record = sampleRecord({
    log: 'errors',
    attributes: { path: '/a' },
    text: 't',
    traceId: 'a',
    spanId: 'b',
  });
  const span = sampleSpan({ parentId: 'c', attributes: { peer: 'x' }, status: 2 });
  const bytes = writePlugin([
    { type: 'logs', source: sampleSource, records: [record] },
    { type: 'spans', source: sampleSource, spans: [span] },
    counts,
  ]);
  const workload = {
    kind: 'Pod',
    namespace: 'shop',
    name: 'reviews-1',
    service_account: 'reviews',
    spiffe_id: sampleSource.spiffeId,
  };

  expect(pluginPath).toBe(`/${plugin.fullName.slice(1)}/${Object.keys(plugin.methods).join()}`);
  expect(decoded(root.lookupType('meshwright.telemetry.v1.ReportRequest'), bytes)).toMatchObject({
    records: [
      {
        workload,
        log: 'errors',
        time_unix_nano: '1000',
        fields: { path: '/a' },
        text: 't',
        trace_id: 'a',
        span_id: 'b',
      },
    ],
    spans: [
      {
        workload,
        trace_id: span.traceId,
        span_id: span.spanId,
        parent_span_id: 'c',
        name: 'ingress',
        kind: 'SERVER',
        start_unix_nano: String(span.startNs),
        end_unix_nano: String(span.endNs),
        tags: { peer: 'x' },
        error: true,
      },
    ],
    counts: [
      { workload, metric: 'inbound.requests', tags: { source: 's', port: '80', code: '2xx' }, count: '3' },
      {
        workload,
        metric: 'inbound.duration',
        count: '2',
        buckets: expect.any(Array),
        bounds: expect.any(Array),
      },
    ],
  });
});

test('IDs of a wrong length are left out, and a span without its own: a provider would refuse all of a message for one', () => {
  const span = { traceId, spanId, parentSpanId: Buffer.from('00', 'hex'), name: 'a' };
  const spans = [span, { ...span, traceId: spanId }, { ...span, spanId: traceId }];
  const bytes = encoded(traceRequest, { resourceSpans: [{ scopeSpans: [{ spans }] }] });
  const logs = encoded(logsRequest, {
    resourceLogs: [{ scopeLogs: [{ logRecords: [{ traceId: spanId, spanId: traceId }] }] }],
  });

  expect(readSpans(bytes).spans.map(({ name, parentId }) => [name, parentId])).toEqual([['a', '']]);
  expect(readLogs(logs).records).toMatchObject([{ traceId: '', spanId: '' }]);
});

test('thirty spans whose requests had headers of 256 KB are read', () => {
  const spans = Array.from({ length: 30 }, () => {
    return { traceId, spanId, attributes: [pair('user_agent', 'x'.repeat(256 * 1024))] };
  });
  const bytes = encoded(traceRequest, { resourceSpans: [{ scopeSpans: [{ spans }] }] });

  const read = readSpans(bytes).spans;
  expect([read.length, read[29]?.attributes['user_agent']?.length]).toEqual([30, 8_192]);
});

test('a message of ever more fields is not read, on whatever level they are', () => {
  const logRecord = { attributes: Array.from({ length: 60_000 }, () => ({})) };
  const wide = encoded(logsRequest, { resourceLogs: [{ scopeLogs: [{ logRecords: [logRecord] }] }] });
  const within = (bytes: Uint8Array): Uint8Array => protobuf.Writer.create().uint32(10).bytes(bytes).finish();
  const values = Array.from({ length: 20 }).reduce<object>(
    (value) => ({ kvlistValue: { values: [{ value }] } }),
    {},
  );

  expect(() => readLogs(wide)).toThrow('more than 50000 fields');
  expect(() => readSpans(Buffer.alloc(300_000, '\u0080\u0001', 'latin1'))).toThrow('more than');
  expect(() => readSpans(within(within(Buffer.from([0x0a]))))).toThrow('index out of range');
  const deep = encoded(logsRequest, { resourceLogs: [{ resource: { attributes: [{ value: values }] } }] });
  expect(() => readLogs(deep)).toThrow('within each other');
});

test('a long value is a text of its own, with whole characters', () => {
  const logRecord = { attributes: [pair('path', `a${'😀'.repeat(5_000)}`)] };
  const bytes = encoded(logsRequest, { resourceLogs: [{ scopeLogs: [{ logRecords: [logRecord] }] }] });

  const path = readLogs(bytes).records[0]?.attributes['path'] ?? '';
  expect([path.length, path.isWellFormed(), path.endsWith('😀\uFFFD')]).toEqual([8_192, true, true]);
});

test('identifiers of zeros are none', () => {
  const zeros = { traceId: Buffer.alloc(16), spanId: Buffer.alloc(8) };
  const spans = [
    { ...zeros, name: 'none' },
    { traceId, spanId, parentSpanId: Buffer.alloc(8), name: 'first' },
  ];
  const bytes = encoded(traceRequest, { resourceSpans: [{ scopeSpans: [{ spans }] }] });

  expect(readSpans(bytes).spans.map(({ name, parentId }) => [name, parentId])).toEqual([['first', '']]);
});
