// What explain says of limits is what a real Envoy in front of the server does: calls through limits made at random.
// EXPLAIN_SEED=<number> plays another game than the usual one.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { apiVersion } from '../../api/v1alpha1/common.ts';
import { type Explain, explainerOf } from '../../operator/explain/answer.ts';
import { translate } from '../../operator/translate/translate.ts';
import { limitSettings } from '../support/arbitrary-limits.ts';
import { resourcesFromYaml, translateOptions } from '../support/builders.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { ServedMesh } from '../support/data-plane/served-mesh.ts';
import { freePort } from '../support/kubernetes/free-port.ts';

// oxlint-disable-next-line node/no-process-env -- the one setting of this test; CI does not set it
const seed = Number(process.env['EXPLAIN_SEED'] ?? 20_261_128);
/** With two more there are as many ports as an ExternalWorkload may have. */
const slots = 14;
const callsOfEach = 12;

const closing = new Closing();
const bindPorts: number[] = [];
let mesh: ServedMesh;
let explain: Explain;

beforeAll(async () => {
  process.stderr.write(`explain: EXPLAIN_SEED=${seed}\n`);
  const application = await startApplication('server', closing);
  const served: number[] = [];
  for (let slot = 0; slot < slots + 2; slot += 1) {
    bindPorts.push(await freePort());
    served.push(await freePort());
  }
  const specs = [...fc.sample(spec, { seed, numRuns: slots }), sharing, watching];
  const documents = [
    { apiVersion, kind: 'Mesh', metadata: { name: 'default' }, spec: {} },
    ...specs.flatMap((one, slot) => [serviceOf(slot), policyOf(one, slot)]),
    workload('server', {
      ports: served.map((port, slot) => ({
        name: `http-${slot}`,
        port,
        appProtocol: 'http',
        applicationPort: application,
      })),
    }),
    workload('caller', {
      outbound: bindPorts.map((bindPort, slot) => ({ service: `slot-${slot}`, port: 80, bindPort })),
    }),
  ];
  const resources = resourcesFromYaml(
    documents.map((document) => stringify(document, { aliasDuplicateObjects: false })).join('---\n'),
  );
  const { ir } = translate(resources, translateOptions);
  if (ir === null) throw new Error('there is a Mesh');
  ({ explain } = explainerOf(resources));
  mesh = await ServedMesh.start(ir, closing);
});
afterAll(() => closing.close());

/** Limits that refuse nothing in this test, and can be told apart: each admits another number of requests. */
const spec = fc
  .record({
    limits: limitSettings.limits.filter((limits) => limits.length > 0),
    requestHeaders: fc.constantFrom(undefined, {
      set: [{ name: 'x-group', value: 'a b' }],
      remove: ['x-user'],
    }),
  })
  .map(({ limits, requestHeaders }) => ({
    limits: limits.map((limit, index) => ({
      ...limit,
      rate: { requests: 1_000 + index, per: '1h', burst: 1_000 + index },
    })),
    ...(requestHeaders && { routes: [{ requestHeaders }] }),
  }));

/** One more an hour: counts stay as they are, however long this takes. */
const rate = (burst: number): object => ({ requests: 1, per: '1h', burst });
const sharing = {
  limits: [
    { name: 'caller', per: 'Caller', rate: rate(1_000) },
    { name: 'path', per: 'Path', rate: rate(1_001) },
    { name: 'user', per: 'Header', header: 'X-User', rate: rate(1_002) },
  ],
};
const watching = {
  admissionControl: {
    minSuccessPercentage: 90,
    window: '10s',
    minRequestsPerSecond: 5,
    maxRejectionPercentage: 50,
  },
  adaptiveConcurrency: {
    maxConcurrency: 100,
    minConcurrency: 5,
    measurementInterval: '30s',
    tolerancePercentage: 25,
  },
};

function policyOf(one: object, slot: number): object {
  const targetRefs = [{ kind: 'Service', name: `slot-${slot}` }];
  return { apiVersion, kind: 'TrafficPolicy', metadata: meta(`slot-${slot}`), spec: { ...one, targetRefs } };
}

function serviceOf(slot: number): object {
  const ports = [{ port: 80, targetPort: `http-${slot}`, appProtocol: 'http' }];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(`slot-${slot}`),
    spec: { selector: { app: 'server' }, ports },
  };
}

function workload(name: string, parts: object): object {
  return {
    apiVersion,
    kind: 'ExternalWorkload',
    metadata: { ...meta(name), labels: { app: name } },
    spec: { address: '127.0.0.1', serviceAccount: name, ...parts },
  };
}

function meta(name: string): { readonly name: string; readonly namespace: string } {
  return { name, namespace: 'shop' };
}

const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'M-SEARCH'),
  path: fc.constantFrom(
    '/',
    '/a',
    '/a/',
    '/a/b?c',
    '/ab',
    '/my%20files',
    '/my%20files/1',
    '/~user',
    '/%7Euser/x',
    '/%C3%BC',
    '/%c3%bc/1',
    '/a%7Cb',
    '/%61',
    '/a;b',
    '//a',
    '/x/../a',
    '/b',
  ),
  headers: fc.record(
    {
      'x-group': fc.constantFrom('a b', 'ab', ''),
      'x-user': fc.constantFrom('alice', '12', 'a b'),
    },
    { requiredKeys: [] },
  ),
});

let counted = 0;
let uncounted = 0;

test.each(Array.from({ length: slots }, (_, slot) => slot))(
  'calls to slot-%d are counted by the limits that explain names',
  async (slot) => {
    const requests = fc.sample(request, { seed: seed + slot, numRuns: callsOfEach });
    const seen = [];
    // oxlint-disable-next-line no-await-in-loop -- in turn
    for (const one of requests) seen.push(await compared(slot, one));

    expect(seen.map(({ observed }) => observed)).toEqual(seen.map(({ explained }) => explained));
  },
);

test('some calls were counted, and some were not', () => {
  expect(counted).toBeGreaterThan(50);
  expect(uncounted).toBeGreaterThan(10);
});

const ascending = (a: number, b: number): number => a - b;

interface Compared {
  readonly observed: readonly number[];
  readonly explained: readonly number[];
}

type Request = typeof request extends fc.Arbitrary<infer R> ? R : never;

async function compared(slot: number, { method, path, headers: written }: Request): Promise<Compared> {
  const to = `slot-${slot}:80`;
  const given = Object.entries(written).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const { limits } = explain({ from: 'shop/caller', to, method, path, headers: given });
  const headers = { ...Object.fromEntries(given), host: to };
  const answer = await call(bindPorts[slot] ?? 0, { method, path, headers });
  expect(answer.status).toBe(200);
  // Each limit that counts a request writes into its response how many it admits.
  const told = answer.headers['x-ratelimit-limit'];
  const observed = typeof told === 'string' ? told.split(', ').map(Number).toSorted(ascending) : [];
  const rates = limits.flatMap(({ limit }) => (limit.type === 'Rate' ? limit : []));
  const explained = rates.map(({ burst }) => burst).toSorted(ascending);
  counted += observed.length;
  if (observed.length === 0) uncounted += 1;
  return { observed, explained };
}

test('requests share a count exactly where explain says that they have the same in common', async () => {
  const slot = slots;
  const counts = new Map<string, number>();
  for (const one of shared) {
    const to = `slot-${slot}:80`;
    const { limits } = explain({
      from: 'shop/caller',
      to,
      method: 'GET',
      path: one.path,
      headers: Object.entries(one.headers),
    });
    // oxlint-disable-next-line no-await-in-loop -- in turn
    const answer = await call(bindPorts[slot] ?? 0, {
      path: one.path,
      headers: { ...one.headers, host: to },
    });
    const left = String(answer.headers['x-ratelimit-remaining']).split(', ').map(Number).toReversed();
    const keys = limits.map(({ limit }) => JSON.stringify(limit));
    expect(keys.length).toBe(3);
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    expect(left).toEqual(keys.map((key, index) => 1_000 + index - (counts.get(key) ?? 0)));
  }
});

const shared = [
  { path: '/a', headers: { 'x-user': 'alice' } },
  { path: '/b?x', headers: { 'x-user': 'alice' } },
  { path: '/b', headers: { 'x-user': 'bob' } },
  { path: '/%62', headers: {} },
  { path: '/a?y', headers: {} },
];

test('what else is in force in front of the server is told, with its policy', () => {
  const { limits } = explain({
    from: 'shop/caller',
    to: `slot-${slots + 1}:80`,
    method: 'GET',
    path: '/',
    headers: [],
  });

  expect(limits).toEqual([
    {
      limit: {
        type: 'AdmissionControl',
        minSuccessPercentage: 90,
        windowMs: 10_000,
        minRequestsPerSecond: 5,
        maxRejectionPercentage: 50,
      },
      endpoints: null,
      source: { object: `TrafficPolicy shop/slot-${slots + 1}`, field: 'spec.admissionControl' },
    },
    {
      limit: {
        type: 'AdaptiveConcurrency',
        maxConcurrency: 100,
        minConcurrency: 5,
        measurementIntervalMs: 30_000,
        tolerancePercentage: 25,
      },
      endpoints: null,
      source: { object: `TrafficPolicy shop/slot-${slots + 1}`, field: 'spec.adaptiveConcurrency' },
    },
  ]);
});

test('and is in force at the sidecar of the server', async () => {
  await call(bindPorts[slots + 1] ?? 0, { headers: { host: `slot-${slots + 1}:80` } });
  const stats = await mesh.sidecar('server').stats('adaptive_concurrency|admission_control');

  expect([...stats.keys()].some((name) => name.includes('admission_control'))).toBe(true);
  expect([...stats.keys()].some((name) => name.includes('adaptive_concurrency'))).toBe(true);
});
