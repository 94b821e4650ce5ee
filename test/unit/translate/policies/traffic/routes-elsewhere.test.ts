// Routes of a Service that lead to another one: what of them holds where.
import { expect, test } from '@jest/globals';
import type { ServicePortIr } from '../../../../../operator/ir/service.ts';
import type { Translation } from '../../../../../operator/translate/translate.ts';
import { translate } from '../../../../../operator/translate/translate.ts';
import { resourcesFromYaml, translateOptions } from '../../../../support/builders.ts';

const world = `
kind: Mesh
metadata: {name: default}
spec: {}
---
kind: Service
metadata: {name: a, namespace: shop}
spec: {selector: {app: a}, ports: [{name: http, port: 80}]}
---
kind: Service
metadata: {name: b, namespace: shop}
spec: {selector: {app: b}, ports: [{name: http, port: 80}]}
---
kind: Service
metadata: {name: each, namespace: shop}
spec: {clusterIP: None, selector: {app: b}, ports: [{name: http, port: 80}]}
---
kind: Service
metadata: {name: c, namespace: other}
spec: {selector: {app: c}, ports: [{name: http, port: 80}]}
---
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: b, namespace: shop}
spec: {targetRefs: [{kind: Service, name: b}], subsets: [{name: v2, matchLabels: {version: v2}}]}
`;

function translated(target: string, spec: string): Translation {
  return translate(
    resourcesFromYaml(`${world}---
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: policy, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: ${target}}]
${spec}`),
    translateOptions,
  );
}

function portOf({ ir }: Translation, key: string): ServicePortIr {
  const port = ir?.services.find((one) => one.key === key);
  if (port === undefined) throw new Error(`there is no ${key}`);
  return port;
}

function conditionOf({ verdicts }: Translation, type: string): string {
  const { conditions = [] } = verdicts.find(({ origin }) => origin.name === 'policy') ?? {};
  return conditions.find((one) => one.type === type)?.message ?? '';
}

const repeated = 'retry: {attempts: 5, retryOn: [ServerError]}';
const leadingTo = (service: string, more = ''): string =>
  `  routes: [{${repeated}, backends: [{service: ${service}${more}}]}]`;

test('the budget is that of the Service that gets the retries', () => {
  const found = translated('a', leadingTo('{name: b, port: 80}'));

  expect(portOf(found, 'shop/b/80').destination).toMatchObject({
    circuitBreaker: { retryBudget: { percentage: 20 } },
    origins: [{ kind: 'TrafficPolicy', name: 'policy' }],
  });
  expect(portOf(found, 'shop/a/80').destination.circuitBreaker.retryBudget).toBeNull();
});

test('a route that may not lead to a Service changes nothing there', () => {
  const found = translated('a', leadingTo('{namespace: other, name: c, port: 80}'));

  expect(portOf(found, 'other/c/80').destination.circuitBreaker.retryBudget).toBeNull();
});

test('a subset of the other Service that has no endpoints is named', () => {
  const found = translated('a', leadingTo('{name: b, port: 80}', ', subset: v2'));

  expect(conditionOf(found, 'ResolvedRefs')).toBe(
    'Subset v2 of shop/b/80 has no endpoints. Its share of the requests of route policy-0 gets a 503. Start a workload with its labels, or use another backend.',
  );
});

test('so is one that gets copies', () => {
  const found = translated('a', '  routes: [{mirror: [{service: {name: b, port: 80}, subset: v2}]}]');

  expect(conditionOf(found, 'ResolvedRefs')).toBe(
    'Subset v2 of shop/b/80 has no endpoints. Route policy-0 sends no copies there. Start a workload with its labels, or use another backend.',
  );
});

test('a backend of weight 0 that does not exist yet costs nothing, and is told', () => {
  const found = translated(
    'a',
    '  routes: [{backends: [{weight: 1}, {service: {name: later, port: 80}, weight: 0}]}]',
  );

  expect(conditionOf(found, 'ResolvedRefs')).toBe(
    'Service shop/later does not exist. Its weight in route policy-0 is 0, so nothing fails yet. Create it, or fix the name of the backend.',
  );
});

test('whoever calls an endpoint of a headless Service by its address gets that one, whatever cookies say', () => {
  const sticky = '  loadBalancer: {type: LeastRequest, stickySession: {cookie: s}}';

  expect(portOf(translated('each', sticky), 'shop/each/80').routes.default).toMatchObject([
    { stickySession: null },
  ]);
  expect(portOf(translated('a', sticky), 'shop/a/80').routes.default).toMatchObject([
    { stickySession: { cookie: 's' } },
  ]);
});
