// Routes that no request can reach: which are told, and that none is told that a request does reach.
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import type { TrafficPolicy } from '../../../../../api/v1alpha1/traffic/policy.ts';
import { explainerOf } from '../../../../../operator/explain/answer.ts';
import { claimsOf } from '../../../../../operator/translate/policies/traffic/traffic-policy.ts';
import { unreachableRoutes } from '../../../../../operator/translate/policies/traffic/unreachable.ts';
import { translate } from '../../../../../operator/translate/translate.ts';
import { resourcesFromYaml, translateOptions } from '../../../../support/builders.ts';
import { type CalledRequest, denseRoutes, someRequest } from '../../../../support/arbitrary-shadows.ts';

type Match = Readonly<Record<string, unknown>>;

function policyOf(routes: readonly object[]): TrafficPolicy {
  const resources = resourcesFromYaml(documentOf(routes));
  const [policy] = resources.trafficPolicies;
  if (policy === undefined) throw new Error('there is a policy');
  return policy;
}

function documentOf(routes: readonly object[]): string {
  return stringify({
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'TrafficPolicy',
    metadata: { name: 'reviews', namespace: 'shop' },
    spec: { targetRefs: [{ kind: 'Service', name: 'reviews' }], routes },
  });
}

function unreachable(routes: readonly object[]): ReturnType<typeof unreachableRoutes> {
  return unreachableRoutes(claimsOf(policyOf(routes)).routing?.routes ?? []);
}

function isShadowed(earlier: Match, later: Match): boolean {
  const routes = [
    { name: 'earlier', matches: [earlier] },
    { name: 'later', matches: [later] },
  ];
  return unreachable(routes).length > 0;
}

const prefix = (value: string): Match => ({ path: { type: 'PathPrefix', value } });
const exact = (value: string): Match => ({ path: { type: 'Exact', value } });
const expression = (value: string): Match => ({ path: { type: 'RegularExpression', value } });
const header = (condition: object): Match => ({ headers: [{ name: 'x-group', ...condition }] });
const parameter = (condition: object): Match => ({ queryParameters: [{ name: 'page', ...condition }] });

describe('a match takes all that a later one would', () => {
  test.each<[string, Match, Match]>([
    ['everything, a condition', {}, header({ value: 'test' })],
    ['everything, an expression', {}, expression('/v[0-9]+/.*')],
    ['a prefix, the same', prefix('/a'), prefix('/a/')],
    ['a prefix, a path below it', prefix('/a'), exact('/a/b')],
    ['a prefix, its own path', prefix('/a'), exact('/a')],
    ['a prefix, an expression below it', prefix('/a'), expression('^/a/[0-9]+')],
    ['an encoded path, the same', exact('/caf%C3%A9'), exact('/caf%C3%A9')],
    ['an expression, the same', expression('/(a|b)'), expression('/(a|b)')],
    ['all below a path, a path', expression('/reviews/.*'), exact('/reviews/1')],
    ['any method, one', prefix('/a'), { ...prefix('/a'), method: 'GET' }],
    ['a header, more of it', header({ value: 'test' }), { ...header({ value: 'test' }), method: 'GET' }],
    ['a header that is there, its value', header({ type: 'Present' }), header({ value: 'test' })],
    ['another value, a value', header({ value: 'test', not: true }), header({ value: 'other' })],
    [
      'another value, no header',
      header({ value: 'test', not: true }),
      header({ type: 'Present', not: true }),
    ],
    ['a parameter that is there, its value', parameter({ type: 'Present' }), parameter({ value: '1' })],
    ['all hosts of a domain, one', { hostnames: ['*.example.com'] }, { hostnames: ['a.example.com'] }],
    ['two hosts, one', { hostnames: ['a.com', 'b.com'] }, { hostnames: ['b.com'] }],
    [
      'a namespace, an account in it',
      { from: { namespaces: ['qa'] } },
      { from: { serviceAccounts: ['qa/web'] } },
    ],
    [
      'all calls of a service, one',
      { grpc: { service: 'shop.Reviews' } },
      { grpc: { service: 'shop.Reviews', method: 'Get' } },
    ],
  ])('%s', (_, earlier, later) => {
    expect(isShadowed(earlier, later)).toBe(true);
  });
});

describe('a match leaves something to a later one', () => {
  test.each<[string, Match, Match]>([
    ['a prefix by segments', prefix('/a'), exact('/ab')],
    ['an expression with an alternative', prefix('/a'), expression('/a/.*|/b')],
    ['an expression with what may be missing', prefix('/ab'), expression('/ab?/.*')],
    ['the path of OPTIONS *', {}, expression('.*')],
    ['a path that is no UTF-8', expression('/reviews/.*'), prefix('/reviews/1')],
    ['a prefix in several spellings', prefix('/caf%C3%A9'), prefix('/caf%C3%A9/1')],
    ['other methods', { method: 'GET' }, {}],
    ['an empty header', header({ value: '', not: true }), header({ type: 'Present', not: true })],
    [
      'an expression for a header',
      header({ type: 'RegularExpression', value: '.*' }),
      header({ type: 'Present' }),
    ],
    ['requests of other hosts', { hostnames: ['a.com'] }, {}],
    ['the domain itself', { hostnames: ['*.example.com'] }, { hostnames: ['example.com'] }],
    [
      'callers of other namespaces',
      { from: { serviceAccounts: ['qa/web'] } },
      { from: { namespaces: ['qa'] } },
    ],
    ['what is no gRPC', { grpc: { service: 'shop.Reviews' } }, prefix('/shop.Reviews')],
  ])('%s', (_, earlier, later) => {
    expect(isShadowed(earlier, later)).toBe(false);
  });
});

test('a route is told if several earlier ones take its matches together, with their names', () => {
  const routes = [
    { name: 'a', matches: [prefix('/a')] },
    { name: 'other', matches: [prefix('/c')] },
    { name: 'b', matches: [prefix('/b')] },
    { name: 'late', matches: [exact('/a/1'), exact('/b/1')] },
    { name: 'half', matches: [exact('/a/1'), exact('/d')] },
  ];

  expect(unreachable(routes)).toEqual([{ name: 'late', shadowedBy: ['a', 'b'] }]);
});

test('the status says which routes take its requests, and what to do; the policy stays accepted', () => {
  const routes = [
    { name: 'reads', matches: [{ method: 'GET' }] },
    { name: 'api', matches: [prefix('/api')] },
    { name: 'one', matches: [exact('/api/1'), { ...prefix('/'), method: 'GET' }] },
    { name: 'rest' },
    { name: 'testers', matches: [header({ value: 'test' })] },
  ];
  const { verdicts } = translate(resourcesFromYaml(`${world}---\n${documentOf(routes)}`), translateOptions);
  const conditions = verdicts.find(({ origin }) => origin.kind === 'TrafficPolicy')?.conditions;

  expect(conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
    'Accepted=True',
    'ResolvedRefs=True',
    'Warning=True',
  ]);
  expect(conditions?.at(-1)).toMatchObject({
    reason: 'UnreachableRoute',
    message:
      'Route one gets no requests because routes reads, api before it take all of them. Move one up, or remove it. Route testers gets no requests because route rest before it takes all of them. Move testers up, or remove it.',
  });
});

const world = `
apiVersion: meshwright.dev/v1alpha1
kind: Mesh
metadata: {name: default}
spec: {}
---
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {clusterIP: 10.96.0.11, ports: [{port: 80, appProtocol: http}]}
${['shop', 'qa', 'prod'].map(callerIn).join('')}`;

function callerIn(namespace: string): string {
  return `---
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {name: web, namespace: ${namespace}}
spec:
  address: 127.0.0.1
  serviceAccount: web
  outbound: [{service: reviews, namespace: shop, port: 80, bindPort: 8081}]
`;
}

test('no request reaches a route that is told: random routes and requests, by explain', () => {
  const seen = { told: 0, taken: 0 };
  const property = fc.property(
    denseRoutes,
    fc.array(someRequest, { minLength: 40, maxLength: 40 }),
    (routes, requests) => {
      const told = unreachable(routes).map(({ name }) => name);
      if (told.length === 0) return;
      const { explain } = explainerOf(resourcesFromYaml(`${world}---\n${documentOf(routes)}`));
      const taken = new Set(requests.map((request) => routeOf(explain, request)));
      seen.told += told.length;
      seen.taken += taken.size;
      expect(told.filter((name) => taken.has(name))).toEqual([]);
    },
  );
  // The same ones each time: what follows counts them.
  fc.assert(property, { numRuns: 300, seed: 1 });

  expect(seen.told).toBeGreaterThan(60);
  expect(seen.taken).toBeGreaterThan(200);
});

function routeOf(
  explain: ReturnType<typeof explainerOf>['explain'],
  { from, ...request }: CalledRequest,
): string | null {
  const { outcome } = explain({ from, to: 'reviews.shop:80', ...request }).explanation;
  return outcome.type === 'Http' ? outcome.route : null;
}
