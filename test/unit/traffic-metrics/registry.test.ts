// A bounded number of series whose sums are always true, and the text of them.
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { familyNames, type FamilyName, type LabelName } from '../../../operator/traffic-metrics/families.ts';
import { exposition } from '../../../operator/traffic-metrics/exposition.ts';
import { fold, foldedLabels, keyOf } from '../../../operator/traffic-metrics/fold.ts';
import type { Labels } from '../../../operator/traffic-metrics/labels.ts';
import { TrafficRegistry } from '../../../operator/traffic-metrics/registry.ts';
import { durationBounds } from '../../../operator/values/sidecar-names.ts';

const hourMs = 3_600_000;
const one = { count: 1, buckets: null };

function textOf(registry: TrafficRegistry): string {
  return [...exposition(registry)].join('');
}

function sumOf(registry: TrafficRegistry, family: FamilyName): number {
  return [...registry.entries(family)].reduce((sum, { values }) => sum + (values[0] ?? 0), 0);
}

test('the text is what Prometheus reads: counters, cumulative buckets in seconds, escaped values', () => {
  const registry = new TrafficRegistry(1_000);
  const labels: Labels = { reporter: 'source', route: 'a"b\\c', mtls: '' };
  registry.add({ family: 'requests', labels }, one, 0);
  registry.add({ family: 'requests', labels }, { count: 2, buckets: null }, 0);
  const buckets = [...durationBounds, Infinity].map((_, at) => (at === 0 ? 2 : at === 6 ? 1 : 0));
  registry.add({ family: 'duration', labels: { reporter: 'source' } }, { count: 3, buckets, sum: 91 }, 0);

  expect(textOf(registry)).toMatchInlineSnapshot(`
   "# HELP meshwright_requests_total HTTP requests that have ended.
   # TYPE meshwright_requests_total counter
   meshwright_requests_total{reporter="source",route="a\\"b\\\\c"} 3
   # HELP meshwright_request_duration_seconds Time from the first byte of a request to the last byte of its response.
   # TYPE meshwright_request_duration_seconds histogram
   meshwright_request_duration_seconds_bucket{reporter="source",le="0.001"} 2
   meshwright_request_duration_seconds_bucket{reporter="source",le="0.002"} 2
   meshwright_request_duration_seconds_bucket{reporter="source",le="0.005"} 2
   meshwright_request_duration_seconds_bucket{reporter="source",le="0.01"} 2
   meshwright_request_duration_seconds_bucket{reporter="source",le="0.02"} 2
   meshwright_request_duration_seconds_bucket{reporter="source",le="0.05"} 2
   meshwright_request_duration_seconds_bucket{reporter="source",le="0.1"} 3
   meshwright_request_duration_seconds_bucket{reporter="source",le="0.2"} 3
   meshwright_request_duration_seconds_bucket{reporter="source",le="0.5"} 3
   meshwright_request_duration_seconds_bucket{reporter="source",le="1"} 3
   meshwright_request_duration_seconds_bucket{reporter="source",le="2"} 3
   meshwright_request_duration_seconds_bucket{reporter="source",le="5"} 3
   meshwright_request_duration_seconds_bucket{reporter="source",le="10"} 3
   meshwright_request_duration_seconds_bucket{reporter="source",le="+Inf"} 3
   meshwright_request_duration_seconds_sum{reporter="source"} 0.091
   meshwright_request_duration_seconds_count{reporter="source"} 3
   # HELP meshwright_request_bytes_total Bytes of the bodies of requests.
   # TYPE meshwright_request_bytes_total counter
   # HELP meshwright_response_bytes_total Bytes of the bodies of responses.
   # TYPE meshwright_response_bytes_total counter
   # HELP meshwright_tcp_connections_total TCP connections that have ended.
   # TYPE meshwright_tcp_connections_total counter
   # HELP meshwright_tcp_received_bytes_total Bytes that callers sent on TCP connections.
   # TYPE meshwright_tcp_received_bytes_total counter
   # HELP meshwright_tcp_sent_bytes_total Bytes that callers got on TCP connections.
   # TYPE meshwright_tcp_sent_bytes_total counter
   # HELP meshwright_traffic_series Series of traffic on this page.
   # TYPE meshwright_traffic_series gauge
   meshwright_traffic_series 17
   # HELP meshwright_traffic_series_limit How many there may be: spec.telemetry.metrics.maxSeries of the Mesh.
   # TYPE meshwright_traffic_series_limit gauge
   meshwright_traffic_series_limit 1000
   # HELP meshwright_traffic_label_folded Labels that are other in all series, because there would be too many.
   # TYPE meshwright_traffic_label_folded gauge
   # HELP meshwright_traffic_workload_folded Labels that are other in what a workload reports, because it has more than its share.
   # TYPE meshwright_traffic_workload_folded gauge
   "
  `);
});

test('what was not counted for an hour goes first', () => {
  const registry = new TrafficRegistry(2);
  registry.add({ family: 'requests', labels: { source_workload: 'a' } }, one, 0);
  registry.add({ family: 'requests', labels: { source_workload: 'b' } }, one, hourMs);
  registry.add({ family: 'requests', labels: { source_workload: 'c' } }, one, hourMs);

  expect(registry.size).toEqual({ series: 2, most: 2, folded: new Set(), narrowed: [] });
  expect(textOf(registry)).not.toContain('"a"');
});

test('then the worst label is folded, in what is there and in what comes', () => {
  const registry = new TrafficRegistry(10);
  for (let route = 0; route < 20; route += 1)
    registry.add(
      { family: 'requests', labels: { source_workload: `w${route % 2}`, route: `/${route}` } },
      one,
      0,
    );

  expect(registry.size).toMatchObject({ series: 2, folded: new Set(['route']) });
  expect(textOf(registry)).toContain('{source_workload="w0",route="other"} 10');
});

test('whoever reports what, sums are true and series are few', () => {
  const label = fc.integer({ min: 0, max: 40 }).map(String);
  const counted = fc.record({
    family: fc.constantFrom(...familyNames.filter((it) => it !== 'duration')),
    labels: fc.record({ source_workload: label, destination_workload: label, route: label }),
  });
  fc.assert(
    fc.property(fc.array(counted, { maxLength: 300 }), fc.integer({ min: 10, max: 60 }), (all, most) => {
      const registry = new TrafficRegistry(most);
      for (const it of all) registry.add(it, one, 0);
      expect(registry.size.series).toBeLessThanOrEqual(most);
      for (const family of familyNames)
        expect(sumOf(registry, family)).toBe(all.filter((it) => it.family === family).length);
    }),
  );
});

test('who reports, and whether it went well, is never folded', () => {
  const rows = Array.from({ length: 100 }, (_, at) => ({
    family: 'requests' as const,
    labels: { reporter: 'source', response_class: '2xx', mtls: 'true', source_workload: String(at) },
    series: 1,
  }));
  expect(fold(rows, 100, new Set())).toEqual(new Set());
  expect(fold(rows, 99, new Set())).toEqual(new Set(['source_workload']));
  expect([...fold(rows, 0, new Set())]).not.toContain('response_class');
});

test('a counter that is full begins anew, and goes on counting', () => {
  const registry = new TrafficRegistry(10);
  const labelled = { family: 'requestBytes', labels: { source_workload: 'a' } } as const;
  registry.add(labelled, { count: Number.MAX_SAFE_INTEGER, buckets: null }, 0);
  registry.add(labelled, { count: 3, buckets: null }, 0);
  registry.add(labelled, one, 0);

  expect(sumOf(registry, 'requestBytes')).toBe(4);
});

test('whatever workloads report, one has its share at most, sums are true, and who it is stays known', () => {
  const most = 2_000;
  const label = fc.integer({ min: 0, max: 30 }).map(String);
  const counted = fc.record({ labels: fc.record({ source_workload: label, route: label, port: label }) });
  fc.assert(
    fc.property(fc.array(counted, { minLength: 300, maxLength: 1_500 }), (all) => {
      const registry = new TrafficRegistry(most);
      for (const { labels } of all)
        registry.add(
          {
            family: 'requests',
            labels: { ...labels, reporter: 'destination', destination_workload: 'one' },
          },
          one,
          0,
        );
      expect(registry.size.series).toBeLessThanOrEqual(most / 5);
      expect(registry.size.folded).toEqual(new Set());
      expect(sumOf(registry, 'requests')).toBe(all.length);
      expect([...registry.entries('requests')].every((it) => it.labels.destination_workload === 'one')).toBe(
        true,
      );
    }),
    { numRuns: 20 },
  );
});

test('folding says the same as sets of texts do', () => {
  const value = fc.constantFrom('', 'a', 'b', 'other');
  const row = fc.record({
    family: fc.constantFrom(...familyNames),
    labels: fc.record({ source_workload: value, route: value, port: value, mtls: value }),
    series: fc.constant(1),
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 60 }), fc.integer({ min: 0, max: 40 }), (rows, most) => {
      const folded = fold(rows, most, new Set());
      const left = new Set(rows.map((it) => keyOf(it.family, foldedLabels(it, folded)))).size;
      const isAll = ['source_workload', 'route', 'port'].every((name) => folded.has(name as LabelName));
      expect(isAll || left <= (folded.size === 0 ? most : most * 0.8)).toBe(true);
    }),
  );
});
