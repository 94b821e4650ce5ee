// Which traces are recorded that begin in the mesh, by namespace, workload, route and request, through real Envoys: productpage of the namespace
// shop and tester of qa call reviews, and somebody without a sidecar calls ratings, whose sidecar decides.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { Seen } from '../support/data-plane/applications.ts';
import { call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import type { Caller } from '../support/examples/expectations.ts';
import { ExampleShop } from '../support/examples/shop.ts';
import { acceptedSamplingFilters } from '../support/telemetry/sampling-filters.ts';

const closing = new Closing();
let shop: ExampleShop;
beforeAll(async () => {
  shop = await ExampleShop.start(closing);
});
afterAll(() => closing.close());

/** The Mesh, and routes of reviews. */
function world(tracing: object): string {
  const mesh = {
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'Mesh',
    metadata: { name: 'default' },
    spec: {
      telemetry: {
        // Nobody listens there.
        providers: [{ name: 'p', type: 'OpenTelemetry', endpoint: 'http://127.0.0.1:1' }],
        accessLogs: [],
        tracing: { providers: ['p'], ...tracing },
      },
    },
  };
  const policy = {
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'TrafficPolicy',
    metadata: { name: 'reviews', namespace: 'shop' },
    spec: {
      targetRefs: [{ kind: 'Service', name: 'reviews' }],
      routes: [
        { name: 'canary', matches: [{ path: { type: 'PathPrefix', value: '/canary' } }] },
        { name: 'all' },
      ],
    },
  };
  return [mesh, policy].map((document) => stringify(document)).join('---\n');
}

type Headers = Readonly<Record<string, string>>;

/** What the application gets. */
async function seenBy(caller: Caller, path: string, headers: Headers = {}): Promise<Seen['headers']> {
  const port = shop.portOf(caller === 'plain' ? 'ratings' : 'reviews', caller);
  const { body } = await call(port, { path, headers });
  return (JSON.parse(body) as Seen).headers;
}

/** Of how many requests the trace is recorded. */
async function sampled(caller: Caller, path: string, count: number, headers: Headers = {}): Promise<number> {
  let traced = 0;
  for (let at = 0; at < count; at += 20) {
    const batch = Array.from({ length: 20 }, () => seenBy(caller, path, headers));
    // oxlint-disable-next-line no-await-in-loop -- not all at once
    const seen = await Promise.all(batch);
    traced += seen.filter(({ traceparent }) => String(traceparent).endsWith('-01')).length;
  }
  return traced;
}

const trace = '0af7651916cd43dd8448eb211c80319c';
const span = 'b7ad6b7169203331';

/** A UUID, as Envoy makes them, a ULID, and a counter. */
const requestIds = ['3f2a8c1e-9d4b-4a6f-8e21-5c7d9b0a1f34', '01ARZ3NDEKTSV4RRFFQ69G5FAV', '7'] as const;

/** Half of 800 are 400, give or take 100: seven standard deviations. */
const half = { count: 800, least: 300, most: 500 };
const none = { count: 40, least: 0, most: 0 };
const all = { count: 40, least: 40, most: 40 };

describe('the first rule that fits decides where a trace begins', () => {
  beforeAll(() => shop.apply(world({ percentage: 50, sampling })));

  const sampling = [
    { name: 'probes', filter: "request.url_path == '/healthz'", percentage: 0 },
    { name: 'canary', filter: "xds.route_name == 'canary'", percentage: 100 },
    { name: 'gold', filter: "request.headers['x-tenant'] == 'gold'", percentage: 100 },
    { name: 'silver', filter: "request.headers['x-tenant'] == 'silver'", percentage: 50 },
    { name: 'ratings', selector: { matchLabels: { app: 'ratings' } }, percentage: 100 },
    { name: 'qa', namespaces: ['qa'], percentage: 0 },
  ];

  test.each<[string, Caller, string, Headers, typeof half]>([
    ['a share of what no rule is about', 'shop', '/reviews/1', {}, half],
    ['none by path', 'shop', '/healthz', {}, none],
    ['all by route', 'shop', '/canary/1', {}, all],
    ['all by header', 'shop', '/reviews/1', { 'x-tenant': 'gold' }, all],
    ['an earlier rule wins', 'shop', '/healthz', { 'x-tenant': 'gold' }, none],
    ['none of a namespace', 'qa', '/reviews/1', {}, none],
    ['unless an earlier rule fits: by route', 'qa', '/canary/1', {}, all],
    ['unless an earlier rule fits: a share', 'qa', '/reviews/1', { 'x-tenant': 'silver' }, half],
    ['all of a workload, at the sidecar of the server', 'plain', '/ratings/1', {}, all],
    ['and there, too, by path', 'plain', '/healthz', {}, none],
    [
      'nobody draws but the sidecar',
      'shop',
      '/reviews/1',
      { 'x-meshwright-drawn': '00000000', 'x-request-id': '00000000-0000-4000-8000-000000000000' },
      half,
    ],
    ['an identifier that is no UUID', 'shop', '/reviews/1', { 'x-request-id': requestIds[1] }, half],
  ])('%s', async (_, caller, path, headers, { count, least, most }) => {
    const traced = await sampled(caller, path, count, headers);

    expect(traced).toBeGreaterThanOrEqual(least);
    expect(traced).toBeLessThanOrEqual(most);
  });

  test.each<[string, Caller, string]>([
    ['-01', 'shop', '/healthz'],
    ['-01', 'qa', '/reviews/1'],
    ['-00', 'shop', '/canary/1'],
    ['-00', 'plain', '/ratings/1'],
  ])('what the caller has decided holds: %s of %s to %s', async (flags, caller, path) => {
    const { traceparent } = await seenBy(caller, path, { traceparent: `00-${trace}-${span}${flags}` });

    expect(traceparent).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}${flags}$`));
  });

  test.each(requestIds)('whatever identifier the request has, which stays as it is: %s', async (id) => {
    const headers = { 'x-request-id': id, traceparent: `00-${trace}-${span}-01` };

    const seen = await seenBy('shop', '/reviews/1', headers);

    expect(seen['traceparent']).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
    expect(seen['x-request-id']).toBe(id);
  });

  test.each<[Caller]>([['shop'], ['plain']])(
    'applications see nothing of it: called by %s',
    async (caller) => {
      const seen = await seenBy(caller, '/reviews/1', { 'x-meshwright-drawn': '1' });

      expect(Object.keys(seen).filter((name) => name.startsWith('x-meshwright'))).toEqual([]);
    },
  );

  test('listeners change of those only whose rules do', async () => {
    const changes = async (): Promise<unknown> => [
      await shop.sidecar.stats('listener_modified$'),
      await shop.ratings.stats('listener_modified$'),
    ];
    const before = await changes();
    const others = await shop.tester.stats('listener_modified$');

    await shop.apply(
      world({
        percentage: 50,
        sampling: sampling.map((rule) => (rule.name === 'qa' ? { ...rule, percentage: 1 } : rule)),
      }),
    );

    expect(await changes()).toEqual(before);
    expect(await shop.tester.stats('listener_modified$')).not.toEqual(others);
  });
});

describe('with B3', () => {
  beforeAll(() =>
    shop.apply(
      world({
        propagation: 'B3',
        percentage: 50,
        sampling: [
          { name: 'probes', filter: "request.url_path == '/healthz'", percentage: 0 },
          { name: 'canary', filter: "xds.route_name == 'canary'", percentage: 100 },
          { name: 'qa', namespaces: ['qa'], percentage: 0 },
        ],
      }),
    ),
  );

  test.each<[string, Caller, string, Headers, string]>([
    ['a new trace', 'shop', '/canary/1', {}, '1'],
    ['a new trace that is not recorded', 'shop', '/healthz', {}, '0'],
    ['a new trace of a namespace', 'qa', '/reviews/1', {}, '0'],
    ['the caller wants it', 'shop', '/healthz', { b3: `${trace}-${span}-1` }, '1'],
    ['the caller does not want it', 'shop', '/canary/1', { b3: `${trace}-${span}-0` }, '0'],
    ['nobody has decided: its share', 'shop', '/reviews/1', { b3: `${trace}-${span}` }, '1'],
    ['nobody has decided: the share of the namespace', 'qa', '/reviews/1', { b3: `${trace}-${span}` }, '0'],
  ])('%s', async (_, caller, path, headers, wanted) => {
    const seen = await seenBy(caller, path, headers);

    expect(seen['x-b3-sampled']).toBe(wanted);
    expect(Object.keys(seen).filter((name) => name.startsWith('x-meshwright'))).toEqual([]);
  });
});

describe('filters', () => {
  test.each(acceptedSamplingFilters)('Envoy takes it, and means the same: %s', async (filter, matches) => {
    await shop.apply(world({ percentage: 0, sampling: [{ name: 'it', filter, percentage: 100 }] }));

    const { traceparent } = await seenBy('shop', '/orders/1?a=b', { 'x-tenant': 'a' });

    expect(String(traceparent).slice(-3)).toBe(matches ? '-01' : '-00');
  });

  test('Envoy takes as many as there may be, each as deep as it may be', async () => {
    const deep = (tenant: string): string =>
      Array.from({ length: 8 }).reduce<string>(
        (inner) => `(${inner}) == true`,
        `request.headers['x-tenant'] == '${tenant}'`,
      );
    const sampling = Array.from({ length: 8 }, (_, at) => {
      return { name: `rule-${at}`, filter: deep(String(at)), percentage: at === 7 ? 100 : 0 };
    });
    await shop.apply(world({ percentage: 0, sampling }));

    expect(await sampled('shop', '/reviews/1', 20, { 'x-tenant': '7' })).toBe(20);
    expect(await sampled('shop', '/reviews/1', 20, { 'x-tenant': '8' })).toBe(0);
  });
});
