// The service graph says what sidecars counted, each call once.
import { expect, test } from '@jest/globals';
import { graphView } from '../../../operator/dashboard/views/graph-view.ts';
import type { GraphView } from '../../../operator/dashboard/views/json.ts';
import { quantileMs } from '../../../operator/dashboard/views/numbers.ts';
import { noObservations } from '../../../operator/telemetry/observations.ts';
import { knownSource, proxy } from '../../support/dashboard/known-mesh.ts';
import { expectGolden } from '../../support/golden.ts';

const folder = 'test/golden/dashboard';
const minute = (): GraphView => graphView(knownSource(), 60_000);
const edge = ({ edges }: GraphView, from: string, to: string): GraphView['edges'][number] | undefined =>
  edges.find((it) => it.from === from && it.to === to);

test('the whole graph', () => {
  expectGolden(folder, 'graph', minute());
});

test('rates are of the complete minute, and of no time before or after', () => {
  const view = minute();
  const { numbers } = edge(view, 'service/shop/front', 'service/shop/reviews') ?? {};

  // (90 + 6 + 4 + 20) requests in five of six slots of ten seconds; 10 of 120 failed.
  expect(view.seconds).toBe(60);
  expect(numbers?.requests).toBe(10);
  expect(numbers?.success).toBeCloseTo(1 - 10 / 120);
  expect(numbers?.mtls).toBe(1);
});

test('callers of a service account that several nodes share are one node of their own', () => {
  expect(edge(minute(), 'account/shop/jobs', 'service/shop/front')?.numbers.requests).toBe(0.2);
});

test('who came without mutual TLS is outside, and probes of the kubelet are nobody', () => {
  expect(edge(minute(), 'outside', 'service/shop/front')?.numbers).toMatchObject({
    requests: 0.2,
    connections: 0.1,
    mtls: 0,
  });
});

test('hosts outside that were called by name are nodes', () => {
  expect(edge(minute(), 'service/shop/front', 'host/api.example.org:443')).toBeDefined();
});

test('a Service of fewer workloads does not take them from a larger one', () => {
  expect(minute().nodes.map(({ id }) => id)).not.toContain('service/shop/reviews-canary');
});

test('proxies that lag or refuse are counted at their node', () => {
  const source = knownSource();
  const typeUrl = 'type.googleapis.com/envoy.config.cluster.v3.Cluster' as const;
  const lagging = [{ typeUrl, name: 'x', origins: [] }];
  const proxies = [
    proxy('Pod/shop/reviews-1', {
      lagging,
      rejected: [{ ...lagging[0], typeUrl, name: 'x', origins: [], message: 'no' }],
    }),
    proxy('Pod/shop/reviews-2'),
    proxy('Pod/shop/reviews-2', { leftAtMs: 5, connectedAtMs: 9 }),
  ];

  const { nodes, proxies: all } = graphView({ ...source, proxies }, 60_000);

  expect(nodes.find(({ id }) => id === 'service/shop/reviews')?.proxies).toEqual({
    all: 2,
    current: 1,
    rejecting: 1,
  });
  expect(all).toEqual({ all: 5, current: 1, rejecting: 1 });
});

test('before there is anything to see', () => {
  const view = graphView(knownSource({ ir: null, observations: noObservations, proxies: [] }), 60_000);

  expect(view).toMatchObject({ nodes: [], edges: [], seconds: 0, numbers: { requests: 0, success: null } });
});

test.each([
  ['nothing', [], 0.5, null],
  ['all in one bucket: its middle', [0, 0, 10], 0.5, 3.5],
  ['at a bound', [5, 5], 0.5, 1],
  ['between buckets that are empty', [1, 0, 0, 1], 0.99, 9.9],
  ['beyond the last bound', [...Array.from({ length: 13 }, () => 0), 3], 0.5, 10_000],
])('a percentile of %s', (_what, buckets, quantile, expected) => {
  const found = quantileMs(buckets, quantile);

  expect(found === null ? null : Number(found.toFixed(6))).toBe(expected);
});
