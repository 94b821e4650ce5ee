// Hosts outside the mesh that sidecars counted, and the list that would allow them.
import { expect, test } from '@jest/globals';
import type { AllowedHostIr } from '../../../operator/ir/allowed-host.ts';
import { hostsSeen, suggestedHosts } from '../../../operator/telemetry/hosts-seen.ts';
import { hostsPage } from '../../../operator/telemetry/hosts-page.ts';
import { noObservations } from '../../../operator/telemetry/observations.ts';
import type { Metric, Point } from '../../../operator/telemetry/point.ts';
import { TrafficStore } from '../../../operator/telemetry/store.ts';
import { noTags } from '../../../operator/telemetry/point.ts';

const nowMs = 100_000;
const window = { at: { monotonicMs: nowMs, wallMs: 1_000_000 }, fromMs: 0 };

function called(destination: string, port: number, route: string, count = 1): Point {
  return {
    metric: 'outbound.hosts',
    tags: { ...noTags, destination, port: String(port), route },
    count,
    buckets: null,
  };
}

function seen(
  ...reports: readonly (readonly [workload: string, ...points: Point[]])[]
): ReturnType<typeof hostsSeen> {
  const store = new TrafficStore();
  for (const [workload, ...points] of reports) store.add(workload, points, nowMs);
  return hostsSeen(store.series(), window);
}

const host = { lastMs: 1_000_000, refused: 0, workloads: ['Pod/shop/a'] };

test('calls of all workloads to a host are one, the most called first; names are as DNS has them', () => {
  expect(
    seen(
      ['Pod/shop/b', called('api.example.com', 443, 'TLS egress', 2)],
      [
        'Pod/shop/a',
        called('api.example.com', 443, 'TLS passthrough', 3),
        called('A.example.com:80', 80, 'HTTP passthrough'),
      ],
      ['Pod/shop/a', called('a.example.com', 80, 'HTTP not-allowed', 3)],
    ),
  ).toEqual([
    {
      ...host,
      host: 'api.example.com',
      port: 443,
      protocol: 'TLS',
      calls: 5,
      workloads: ['Pod/shop/a', 'Pod/shop/b'],
    },
    { ...host, host: 'a.example.com', port: 80, protocol: 'HTTP', calls: 4, refused: 3 },
  ]);
});

test('refused TLS connections are counted as such, also without a name', () => {
  expect(seen(['Pod/shop/a', called('', 443, 'TLS blackhole', 2)])).toEqual([
    { ...host, host: '', port: 443, protocol: 'TLS', calls: 2, refused: 2 },
  ]);
});

test('the page shows times as people read them', () => {
  const hosts = seen(['Pod/shop/a', called('api.example.com', 443, 'TLS passthrough')]);
  const { lastMs, ...shown } = hosts[0] ?? { lastMs: 0 };

  expect(hostsPage({ ...noObservations, hosts: () => hosts }, [])).toEqual({
    since: '1970-01-01T00:00:00.000Z',
    hosts: [{ ...shown, last: new Date(lastMs).toISOString() }],
    suggestion: [{ host: 'api.example.com', ports: [{ port: 443, protocol: 'TLS' }] }],
  });
});

test('other counts are no hosts', () => {
  const metric: Metric = 'outbound.requests';

  expect(seen(['Pod/shop/a', { ...called('shop/web/80', 80, 'x'), metric }])).toEqual([]);
});

test('who invents names has no more than its room', () => {
  const points = Array.from({ length: 5_000 }, (_, at) => called(`h${at}.example.com`, 443, 'TLS blackhole'));

  const hosts = seen(['Pod/shop/a', ...points]);

  expect(hosts).toHaveLength(200);
  expect(hosts[0]).toMatchObject({ host: 'other', calls: 4_000 });
});

test('suggests what the list does not allow yet, by full names that a Mesh takes', () => {
  const tls = (name: string): AllowedHostIr => ({ host: name, port: 443, protocol: 'TLS', tls: null });
  const hosts = seen([
    'Pod/shop/a',
    called('known.example.com', 443, 'TLS egress'),
    called('known.example.com', 80, 'HTTP not-allowed'),
    called('a.below.example.com', 443, 'TLS egress'),
    called('new.example.com', 8443, 'TLS blackhole'),
    called('new.example.com', 443, 'TLS blackhole'),
    called('', 443, 'TLS blackhole'),
    called('10.0.0.1', 80, 'HTTP not-allowed'),
    called('other', 443, 'TLS blackhole'),
    called("bad'name", 443, 'TLS blackhole'),
  ]);

  expect(suggestedHosts(hosts, [tls('known.example.com'), tls('*.below.example.com')])).toEqual([
    { host: 'known.example.com', ports: [{ port: 80, protocol: 'HTTP' }] },
    {
      host: 'new.example.com',
      ports: [
        { port: 443, protocol: 'TLS' },
        { port: 8443, protocol: 'TLS' },
      ],
    },
  ]);
});
