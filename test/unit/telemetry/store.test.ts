// What is kept for an hour, and within which bounds.
import { expect, test } from '@jest/globals';
import { array, assert, nat, property, record } from 'fast-check';
import { observationsOf } from '../../../operator/telemetry/observations.ts';
import type { Metric, Point, Tags } from '../../../operator/telemetry/point.ts';
import { hourMs } from '../../../operator/telemetry/ring.ts';
import { TrafficStore } from '../../../operator/telemetry/store.ts';
import { noTags } from '../../../operator/telemetry/point.ts';

function point(tags: Partial<Tags>, count = 1, metric: Metric = 'inbound.requests'): Point {
  return { metric, tags: { ...noTags, ...tags }, count, buckets: null };
}

/** The wall clock is a million ahead. */
function seenAt(store: TrafficStore, monotonicMs: number, startMs = 0): ReturnType<typeof observationsOf> {
  return observationsOf(store, {
    now: () => ({ monotonicMs, wallMs: monotonicMs + 1_000_000 }),
    startMs: () => startMs,
  });
}

const spiffe = 'spiffe://cluster.local/ns/shop/sa/caller';

test('plaintext callers of a port: by address, without probes and callers with an identity', () => {
  const store = new TrafficStore();
  store.add(
    'server',
    [
      point({ source: '10.0.0.1', port: '80', code: '2xx' }, 3),
      point({ source: '10.0.0.1', port: '80', code: '5xx' }, 1),
      point({ source: '10.0.0.2', port: '80' }, 9, 'inbound.connections'),
      point({ source: '10.0.0.3', port: '80', route: 'probe' }),
      point({ source: '10.0.0.4', port: '81' }),
      point({ source: spiffe, port: '80' }),
      point({ source: '10.0.0.5', port: '80' }, 1, 'inbound.audit_refusals'),
    ],
    5_000,
  );

  expect(seenAt(store, 20_000).plaintextCallers('server', 80)).toEqual([
    { address: '10.0.0.2', count: 9, lastMs: 1_005_000 },
    { address: '10.0.0.1', count: 4, lastMs: 1_005_000 },
  ]);
  expect(seenAt(store, 20_000).plaintextCallers('another', 80)).toEqual([]);
});

test('callers of what is open or was refused: open ones count as one, however often they are told', () => {
  const store = new TrafficStore();
  const at = (source: string, metric: Metric, count = 1, more: Partial<Tags> = {}): Point =>
    point({ source, port: '80', ...more }, count, metric);
  store.add('server', [at('10.0.0.1', 'inbound.connections', 2)], 1_000);
  store.add(
    'server',
    [
      at('10.0.0.1', 'inbound.open_connections', 5),
      at('10.0.0.2', 'inbound.open_connections', 7),
      at('10.0.0.3', 'inbound.refused_connections', 3),
      at('10.0.0.4', 'inbound.open_requests', 4),
      at('10.0.0.5', 'inbound.open_requests', 4, { route: 'probe' }),
      at(spiffe, 'inbound.open_connections'),
    ],
    12_000,
  );

  const observed = seenAt(store, 20_000);
  expect(observed.plaintextCallers('server', 80)).toEqual([
    { address: '10.0.0.3', count: 3, lastMs: 1_012_000 },
    { address: '10.0.0.1', count: 2, lastMs: 1_012_000 },
    { address: '10.0.0.2', count: 1, lastMs: 1_012_000 },
    { address: '10.0.0.4', count: 1, lastMs: 1_012_000 },
  ]);
  expect(observed.portsCalled('server')).toEqual([80]);
  // What was refused is no edge.
  expect(observed.edges().map(({ source, connections }) => [source, connections])).toEqual([
    ['10.0.0.1', 2],
    ['10.0.0.2', 1],
    [spiffe, 1],
  ]);
});

test('an hour later it is forgotten, and so is the reporter', () => {
  const store = new TrafficStore();
  store.add('server', [point({ source: '10.0.0.1', port: '80' })], 0);
  const counted = (nowMs: number): number =>
    seenAt(store, nowMs).plaintextCallers('server', 80)[0]?.count ?? 0;

  expect([counted(0), counted(hourMs - 10_000), counted(hourMs + 10_000)]).toEqual([1, 1, 0]);
  expect(seenAt(store, hourMs).lastReportMs('server')).toBe(1_000_000);
  store.add('another', [], hourMs + 60_001);
  expect(store.size).toEqual({ series: 0, bytes: 0, folded: 0 });
  expect(seenAt(store, hourMs + 60_001).lastReportMs('server')).toBeNull();
});

test('what was counted before this operator led is not told', () => {
  const store = new TrafficStore();
  store.add('server', [point({ source: '10.0.0.1', port: '80' })], 5_000);

  expect(seenAt(store, 30_000, 20_000).plaintextCallers('server', 80)).toEqual([]);
  expect(seenAt(store, 30_000, 20_000).sinceMs()).toBe(1_020_000);
  expect(seenAt(store, 2 * hourMs, 20_000).sinceMs()).toBe(hourMs + 1_000_000);
});

test('a caller from ever new addresses, to ever new ports, costs a bounded number of series; nothing is lost of the sum', () => {
  const store = new TrafficStore();
  for (let at = 0; at < 5_000; at += 1)
    store.add('server', [point({ source: `10.0.${at >> 8}.${at & 255}`, port: String(at % 4_000) })], 1_000);
  store.add('server', [point({ source: spiffe, port: '80' })], 1_000);

  const { series, folded } = store.size;
  expect(series).toBeLessThan(300);
  expect(folded).toBeGreaterThan(3_000);
  const edges = seenAt(store, 2_000).edges();
  expect(edges.reduce((sum, { requests }) => sum + (requests[''] ?? 0), 0)).toBe(5_001);
  // Those with an identity have their own places.
  expect(edges.filter(({ source }) => source === spiffe)).toHaveLength(1);
});

test('callers that are put together are plaintext callers of the port still', () => {
  const store = new TrafficStore({ addressesPerReporter: 1 });
  store.add(
    'server',
    [point({ source: '10.0.0.1', port: '80' }), point({ source: '10.0.0.2', port: '81' }, 4)],
    0,
  );

  expect(seenAt(store, 0).plaintextCallers('server', 81)).toMatchObject([
    { address: 'other addresses', count: 4 },
  ]);
  expect(seenAt(store, 0).plaintextCallers('server', 80)).toMatchObject([{ address: '10.0.0.1', count: 1 }]);
});

test('all reporters together stay within the bytes, but for a few series of each', () => {
  const store = new TrafficStore({ bytes: 100_000 });
  for (let at = 0; at < 100; at += 1)
    for (let port = 0; port < 20; port += 1)
      store.add(`server-${at}`, [point({ source: spiffe, port: String(port) })], 0);

  // One for each reporter and metric.
  expect(store.size.series).toBeLessThan(100_000 / 2_000 + 100);
});

test('who fills the memory leaves something to each of the others', () => {
  const store = new TrafficStore({ bytes: 1_000_000 });
  const ports = (count: number): readonly Point[] =>
    Array.from({ length: count }, (_, at) => point({ source: spiffe, port: String(at) }));
  for (let at = 0; at < 5; at += 1) store.add(`greedy-${at}`, ports(900), 0);
  const folded = store.size.folded;
  expect(folded).toBeGreaterThan(4_000);

  for (let at = 0; at < 5; at += 1) store.add(`modest-${at}`, ports(8), 0);
  expect(store.size.folded).toBe(folded);
});

test('long tags count: whoever sends ever new ones of a thousand characters takes no more memory than others', () => {
  const store = new TrafficStore({ bytes: 1_000_000 });
  const long = (at: number): Point =>
    point({ source: spiffe, port: '80', route: `${at}`.padEnd(1_000, 'r'), flags: 'f'.repeat(1_000) });
  for (let at = 0; at < 900; at += 1) store.add('server', [long(at)], 0);
  const { series, bytes } = store.size;

  expect(bytes).toBeLessThan(800_000);
  // A ring of 1,440 bytes, and the text twice.
  expect(series).toBeLessThan(800_000 / (1_440 + 2 * 2_000));
  store.add('another', [], hourMs + 60_001);
  expect(store.size).toMatchObject({ series: 0, bytes: 0 });
});

test('what callers count is not kept', () => {
  const store = new TrafficStore();
  store.add('server', [point({ destination: 'shop/reviews/80' }, 1, 'outbound.requests')], 0);
  expect(store.size.series).toBe(0);
});

test('a thousand workloads that twenty others call have room', () => {
  const store = new TrafficStore();
  const metrics = ['inbound.requests', 'inbound.duration'] as const;
  for (let at = 0; at < 1_000; at += 1)
    for (let from = 0; from < 20; from += 1)
      store.add(
        `Pod/shop/server-${at}`,
        metrics.map((metric) => point({ source: `${spiffe}-${from}`, port: '80', code: '2xx' }, 1, metric)),
        0,
      );

  expect(store.size).toMatchObject({ series: 40_000, folded: 0 });
  expect(store.size.bytes).toBeLessThan(100_000_000);
});

test('whatever is reported when, the sum of an hour is that of what came in it', () => {
  const step = record({ afterMs: nat(1_000_000), count: nat(1_000), port: nat(3) });
  assert(
    property(array(step, { maxLength: 50 }), (steps) => {
      const store = new TrafficStore();
      let nowMs = 0;
      const all: { readonly slot: number; readonly count: number }[] = [];
      for (const { afterMs, count, port } of steps) {
        nowMs += afterMs;
        store.add('server', [point({ source: spiffe, port: String(port) }, count)], nowMs);
        all.push({ slot: Math.floor(nowMs / 10_000), count });
      }
      const first = Math.floor(nowMs / 10_000) - 360;
      const expected = all.filter(({ slot }) => slot > first).reduce((sum, { count }) => sum + count, 0);
      const sum = seenAt(store, nowMs)
        .edges()
        .reduce((total, { requests }) => total + (requests[''] ?? 0), 0);
      expect(sum).toBe(expected);
    }),
  );
});
