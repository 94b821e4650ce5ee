// What explain says of a call is what a real Envoy does with it: hundreds of calls through policies made at random.
// EXPLAIN_SEED=<number> plays another game than the usual one.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { apiVersion } from '../../api/v1alpha1/common.ts';
import type { TrafficPolicySpec } from '../../api/v1alpha1/traffic/policy.ts';
import { type Answer, explainerOf, type Explain } from '../../operator/explain/answer.ts';
import { claimsOf } from '../../operator/translate/policies/traffic/traffic-policy.ts';
import { unreachableRoutes } from '../../operator/translate/policies/traffic/unreachable.ts';
import { translate } from '../../operator/translate/translate.ts';
import { trafficPolicySpec } from '../support/arbitraries.ts';
import { resourcesFromYaml, translateOptions } from '../support/builders.ts';
import { type Seen, startApplication } from '../support/data-plane/applications.ts';
import { call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { type LogLine, type Sidecar, startSidecars } from '../support/data-plane/sidecars.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { withAllLines } from '../support/mesh-samples.ts';

// oxlint-disable-next-line node/no-process-env -- the one setting of this test; CI does not set it
const seed = Number(process.env['EXPLAIN_SEED'] ?? 20_261_128);
const policies = 60;
const callsOfEach = 8;

const closing = new Closing();
/** Service → where the caller reaches it. */
const bindPorts = new Map<string, number>();
let caller: Sidecar;
let explain: Explain;

beforeAll(async () => {
  process.stderr.write(`explain: EXPLAIN_SEED=${seed}\n`);
  const applications = await Promise.all(['v1', 'v2'].map((app) => startApplication(app, closing)));
  for (let slot = 0; slot < policies; slot += 1) bindPorts.set(`slot-${slot}`, await freePort());
  const specs = fc.sample(calm, { seed, numRuns: policies });
  const documents = [
    ...meshOf(applications),
    ...specs.map((spec, slot) => policyOf(spec, `slot-${slot}`, slot % 3 === 0 ? 'qa' : 'shop')),
  ];
  const resources = resourcesFromYaml(
    documents.map((document) => stringify(document, { aliasDuplicateObjects: false })).join('---\n'),
  );
  const { ir } = translate(resources, translateOptions);
  for (const policy of resources.trafficPolicies) {
    const routes = claimsOf(policy).routing?.routes ?? [];
    for (const { name } of unreachableRoutes(routes)) unreachable.add(`${policy.metadata.name} ${name}`);
  }
  if (ir === null) throw new Error('there is a Mesh');
  ({ explain } = explainerOf(resources));
  const sidecar = (await startSidecars(withAllLines(ir), closing)).get('caller');
  if (sidecar === undefined) throw new Error('the caller has a sidecar');
  caller = sidecar;
});
afterAll(() => closing.close());

/** Nothing that depends on time or chance, which explain does not decide. */
const calm = trafficPolicySpec().map(({ routes, subsets }) => ({
  subsets,
  routes: routes.map(({ timeout: _timeout, retry: _retry, fault: _fault, ...route }) => route),
}));

/** In namespace qa, it is one of the caller. */
function policyOf(spec: Partial<TrafficPolicySpec>, service: string, namespace: string): object {
  const targetRefs = [{ kind: 'Service', namespace: 'shop', name: service }];
  const metadata = { name: service, namespace };
  return { apiVersion, kind: 'TrafficPolicy', metadata, spec: { ...spec, targetRefs } };
}

function meshOf(applications: readonly number[]): readonly object[] {
  const services = [...bindPorts.keys()];
  return [
    { apiVersion, kind: 'Mesh', metadata: { name: 'default' }, spec: {} },
    ...services.map((name) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'shop' },
      spec: { selector: { app: 'server' }, ports: [{ port: 80, targetPort: 'http', appProtocol: 'http' }] },
    })),
    ...applications.map((port, index) =>
      workload(`server-v${index + 1}`, `v${index + 1}`, {
        ports: [{ name: 'http', port, appProtocol: 'http' }],
      }),
    ),
    workload(
      'caller',
      'v1',
      {
        serviceAccount: 'caller',
        outbound: services.map((service) => {
          return { service, namespace: 'shop', port: 80, bindPort: bindPorts.get(service) };
        }),
      },
      'qa',
    ),
  ];
}

// oxlint-disable-next-line max-params -- the last is seldom another one
function workload(name: string, version: string, spec: object, namespace = 'shop'): object {
  const labels = { app: name.split('-')[0], version };
  return {
    apiVersion,
    kind: 'ExternalWorkload',
    metadata: { name, namespace, labels },
    spec: { address: '127.0.0.1', ...spec },
  };
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

const request: fc.Arbitrary<Request> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'DELETE', 'M-SEARCH'),
  path: fc
    .tuple(
      fc.constantFrom(
        '/',
        '/a',
        '/a/',
        '/a/b',
        '/ab',
        '/reviews/1',
        '/health',
        '/HEALTH',
        '/~user',
        '/%7Euser',
        '/a;b=c',
        '/%C3%BC',
        '/%c3%bc',
        '/a%20b',
        '/a%7Cb',
        '/%61',
        '/v1/x',
        '/v12/',
        '/x',
        '/abc',
      ),
      fc.constantFrom('', '?', '?a=1', '?x-group=test'),
    )
    .map((parts) => parts.join('')),
  headers: fc.record(
    {
      'x-group': fc.constantFrom('test', '', 'a b', 'ab', 'x'),
      'X-User': fc.constantFrom('test', 'a b', '12', '/(a|b)'),
      accept: fc.constantFrom('test', '*/*'),
    },
    { requiredKeys: [] },
  ),
});

test.each(Array.from({ length: policies }, (_, slot) => `slot-${slot}`))(
  'calls to %s take the route that explain names',
  async (service) => {
    const requests = fc.sample(request, { seed: seed + Number(service.slice(5)), numRuns: callsOfEach });
    const seen = await Promise.all(requests.map((one, index) => observe(service, one, index)));

    expect(seen.map((one) => one.observed)).toEqual(seen.map((one) => one.explained));
  },
);

test('no call took a route of which the status says that no request reaches it', () => {
  expect(unreachable.size).toBeGreaterThan(10);
  expect([...unreachable].filter((route) => taken.has(route))).toEqual([]);
});

test('calls take more than the routes for what nothing else matches', () => {
  expect([...taken].filter((route) => !route.endsWith(' default')).length).toBeGreaterThan(10);
  expect(changed).toBeGreaterThan(20);
});

/** Routes that calls took, and how many headers of requests were seen changed. */
const taken = new Set<string>();
const unreachable = new Set<string>();
let changed = 0;

interface Compared {
  readonly observed: unknown;
  readonly explained: unknown;
}

async function observe(service: string, one: Request, index: number): Promise<Compared> {
  const id = `${service}-${index}`;
  const answer = explain({
    from: 'qa/caller',
    to: `${service}.shop:80`,
    method: one.method,
    path: one.path,
    headers: Object.entries(one.headers),
  });
  const headers = { ...one.headers, 'x-request-id': id, host: `${service}.shop:80` };
  const { status, body, headers: heard } = await call(bindPorts.get(service) ?? 0, { ...one, headers });
  const line = await caller.logged({ request_id: id, log: 'request' });
  taken.add(`${service} ${String(line['route_name'])}`);
  if (line['upstream_cluster'] !== undefined && status === 200) expectSeen(answer, body, one);
  const location = heard.location ?? null;
  return {
    observed: { ...observedIn(line, status, one), location },
    explained: { location: null, ...explained(answer, line, one) },
  };
}

/** The application saw what explain says of the path, the host and the headers of the request. */
function expectSeen({ explanation: { outcome }, question }: Answer, body: string, { path }: Request): void {
  if (outcome.type !== 'Http' || outcome.action.type !== 'Forward') throw new Error('it was forwarded');
  const { headers, url } = JSON.parse(body) as Seen;
  const { action } = outcome;
  expect({ url, host: headers.host }).toEqual({
    url: action.path ?? path,
    host: action.authority ?? question.to,
  });
  if (action.path !== null || action.authority !== null) changed += 1;
  for (const { type, name, value } of outcome.requestHeaders) {
    if (type === 'Add') continue;
    expect({ name, value: headers[name.toLowerCase()] }).toEqual({
      name,
      value: type === 'Set' ? value : undefined,
    });
    changed += 1;
  }
}

function observedIn(line: LogLine, status: number, { method, path }: Request): object {
  return { method, path, route: line['route_name'], cluster: line['upstream_cluster'], status };
}

/** Where chance decides, any backend that has a share will do. */
function explained({ explanation: { outcome } }: Answer, line: LogLine, { method, path }: Request): object {
  if (outcome.type !== 'Http') throw new Error('every service is HTTP');
  const { action, route } = outcome;
  if (action.type !== 'Forward') {
    const location = action.type === 'Redirect' ? { location: action.location } : {};
    return { method, path, route, cluster: undefined, status: action.status, ...location };
  }
  const possible = action.backends.filter(({ share }) => share > 0);
  const logged = possible.map((one) => ({ ...one, cluster: one.refusal === null ? one.cluster : undefined }));
  const chosen = logged.find(({ cluster }) => cluster === line['upstream_cluster']) ?? possible[0];
  const status = chosen?.endpoints?.length === 0 ? 503 : 200;
  return { method, path, route, cluster: chosen?.cluster, status };
}
