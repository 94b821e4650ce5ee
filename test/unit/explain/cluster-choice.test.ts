// What is written for Envoy about connections is what explain reads, whatever the routes.
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { buildConnectionRoutes } from '../../../operator/envoy/resources/outbound/connection-routes.ts';
import { chosenClusters, type Share } from '../../../operator/explain/cluster-choice.ts';
import { messageIn, UnreadableError } from '../../../operator/explain/fields.ts';
import type { ConnectionRouteIr } from '../../../operator/ir/route.ts';
import { sampleService } from '../../support/mesh-samples.ts';

const key = 'shop/db/5432';
const author = { kind: 'TrafficPolicy', namespace: 'shop', name: 'db', generation: 1 } as const;
const whole = [{ cluster: key, share: 1 }];

function route(
  parts: Partial<ConnectionRouteIr> & { readonly weights?: readonly (readonly [string, number])[] },
): ConnectionRouteIr {
  const { weights = [], ...others } = parts;
  const backends = weights.map(([subset, weight]) => ({ service: key, subset, weight }));
  return { name: 'tcpRoutes[0]', sni: [], backends, abortPercentage: 0, author, ...others };
}

function read(routes: readonly ConnectionRouteIr[], serverName = ''): readonly Share[] | null {
  const { message } = buildConnectionRoutes(
    sampleService(key, { protocol: 'TCP', connectionRoutes: routes }),
  );
  return chosenClusters(messageIn(message, 'typed_config') ?? {}, serverName);
}

test('without routes nothing is chosen', () => {
  expect(read([])).toBeNull();
});

test.each([
  { it: 'one backend', weights: [['v1', 5]], abortPercentage: 0, shares: { [`${key}/v1`]: 1 } },
  {
    it: 'weights are relative to their sum',
    weights: [
      ['v1', 90],
      ['v2', 10],
    ],
    abortPercentage: 0,
    shares: { [`${key}/v1`]: 0.9, [`${key}/v2`]: 0.1 },
  },
  {
    it: 'what is aborted is taken from all backends',
    weights: [
      ['v1', 1],
      ['v2', 1],
    ],
    abortPercentage: 50,
    shares: { blackhole: 0.5, [`${key}/v1`]: 0.25, [`${key}/v2`]: 0.25 },
  },
  {
    it: 'a thousandth of a percent',
    weights: [['v1', 1]],
    abortPercentage: 0.001,
    shares: { blackhole: 1e-5, [`${key}/v1`]: 1 - 1e-5 },
  },
  { it: 'all are aborted', weights: [['v1', 1]], abortPercentage: 100, shares: { blackhole: 1 } },
  { it: 'no backend is valid', weights: [], abortPercentage: 0, shares: { blackhole: 1 } },
] as const)('$it', ({ weights, abortPercentage, shares }) => {
  expect.hasAssertions();
  expectShares(read([route({ weights, abortPercentage })]), shares);
});

test.each([
  { serverName: 'a.example.com', cluster: `${key}/v1` },
  { serverName: 'b.test.example.com', cluster: `${key}/v2` },
  { serverName: 'c.example.com', cluster: `${key}/v3` },
  { serverName: 'example.com', cluster: key },
  { serverName: '', cluster: key },
])('the first route for $serverName decides: $cluster', ({ serverName, cluster }) => {
  const routes = [
    route({ sni: ['a.example.com'], weights: [['v1', 1]] }),
    route({ sni: ['other.example.org', '*.test.example.com'], weights: [['v2', 1]] }),
    route({ sni: ['*.example.com'], weights: [['v3', 1]] }),
  ];

  expect(read(routes, serverName)).toEqual([{ cluster, share: 1 }]);
});

test('server names that no route is for get the route for all, if there is one', () => {
  const byName = route({ sni: ['a.example.com'], weights: [['v1', 1]] });

  expect(read([byName], 'b.example.com')).toEqual(whole);
  expect(read([byName, route({ weights: [['v2', 1]] })], 'b.example.com')).toEqual([
    { cluster: `${key}/v2`, share: 1 },
  ]);
});

test('any weights', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(weights, fc.integer({ min: 0, max: 100_000 }), (all, thousandths) => {
      const abortPercentage = thousandths / 1000;
      const sum = all.reduce((total, weight) => total + weight, 0);
      const found = read([
        route({ abortPercentage, weights: all.map((weight, index) => [`v${index}`, weight]) }),
      ]);
      for (const [index, weight] of all.entries())
        expect(shareOf(found, `${key}/v${index}`)).toBeCloseTo(
          ((1 - abortPercentage / 100) * weight) / sum,
          8,
        );
      expect(shareOf(found, 'blackhole')).toBeCloseTo(abortPercentage / 100, 8);
    }),
  );
});

test('what is not understood is an error', () => {
  const rule = (inline_string: string): object => ({
    object_key: 'envoy.tcp_proxy.cluster',
    format_string: { text_format_source: { inline_string } },
  });
  for (const expression of ["'a' + 'b'", "(connection.mtls ? 'a' : 'b')", "'a'\u0020"])
    expect(() =>
      chosenClusters(
        { on_new_connection: [{ ...rule('%UNIQUE_ID%') }, { ...rule(`%CEL(${expression})%`) }] },
        '',
      ),
    ).toThrow(UnreadableError);
});

function shareOf(shares: readonly Share[] | null, cluster: string): number {
  return shares?.find((one) => one.cluster === cluster)?.share ?? 0;
}

function expectShares(shares: readonly Share[] | null, expected: Readonly<Record<string, number>>): void {
  expect(shares?.map(({ cluster }) => cluster).toSorted()).toEqual(Object.keys(expected).toSorted());
  for (const [cluster, share] of Object.entries(expected))
    expect(shareOf(shares, cluster)).toBeCloseTo(share, 8);
}
