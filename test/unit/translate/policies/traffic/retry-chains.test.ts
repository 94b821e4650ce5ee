// Retries that multiply: warned of where it is known, and nowhere else.
import { describe, expect, test } from '@jest/globals';
import { translate } from '../../../../../operator/translate/translate.ts';
import { resourcesFromYaml, translateOptions } from '../../../../support/builders.ts';

const api = 'apiVersion: meshwright.dev/v1alpha1';

/** reviews → ratings, as the ExternalWorkload says. */
function world(meshSpec: string): string {
  return `
${api}
kind: Mesh
metadata: {name: default}
spec: ${meshSpec}
---
${service('reviews')}---
${service('ratings')}---
${service('stock')}---
${workload('reviews', '[{service: ratings, port: 80, bindPort: 9001}]')}---
${workload('ratings', '[]')}`;
}

function service(name: string): string {
  return `apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: shop}
spec: {selector: {app: ${name}}, ports: [{port: 80, appProtocol: http}]}
`;
}

function workload(name: string, outbound: string): string {
  return `${api}
kind: ExternalWorkload
metadata: {name: ${name}, namespace: shop, labels: {app: ${name}}}
spec:
  address: 192.0.2.1
  serviceAccount: ${name}
  ports: [{port: 80, applicationPort: 8080}]
  outbound: ${outbound}
`;
}

function policy(name: string, spec: string, target = `{kind: Service, name: ${name}}`): string {
  return `${api}
kind: TrafficPolicy
metadata: {name: ${name}, namespace: shop}
spec:
  targetRefs: [${target}]
  ${spec}
`;
}

/** Objects with a warning → what it says. */
function messages(meshSpec: string, ...policies: readonly string[]): Readonly<Record<string, string>> {
  const resources = resourcesFromYaml([world(meshSpec), ...policies].join('---\n'));
  const found = translate(resources, translateOptions).verdicts.flatMap(({ origin, conditions }) =>
    conditions.filter(({ type }) => type === 'Warning').map(({ message }) => [origin.name, message] as const),
  );
  return Object.fromEntries(found);
}

/** Objects with a warning → the products that it names. */
function warned(
  meshSpec: string,
  ...policies: readonly string[]
): Readonly<Record<string, readonly string[]>> {
  const said = Object.entries(messages(meshSpec, ...policies)).map(([name, message]) => {
    const products = message.matchAll(/multiply to (\d+) tries|can become (\d+) at/g);
    return [name, [...products].map(([, chain, wide]) => chain ?? wide ?? '')] as const;
  });
  return Object.fromEntries(said);
}

const retrying = (attempts: number): string => `retry: {attempts: ${attempts}, retryOn: [GatewayError]}`;
const namespace = '{kind: Namespace, name: shop}';

describe('both policies are warned, with the product of their tries', () => {
  test('if an ExternalWorkload of the first Service calls the second', () => {
    expect(warned('{}', policy('reviews', retrying(2)), policy('ratings', retrying(4)))).toEqual({
      reviews: ['15'],
      ratings: ['15'],
    });
  });

  test('if a route of the second Service names callers of the first', () => {
    const named = `routes: [{matches: [{from: {serviceAccounts: [shop/ratings]}}], ${retrying(1)}}]`;

    expect(warned('{}', policy('ratings', retrying(2)), policy('stock', named))).toEqual({
      ratings: ['6'],
      stock: ['6'],
    });
  });
});

describe('a policy for many Services is warned', () => {
  test('since its retries multiply along any chain', () => {
    const all = policy('all', retrying(2), namespace);

    expect(warned('{}', all)).toEqual({ all: ['9', '9'] });
  });

  test('so is the Mesh with its defaults', () => {
    expect(warned(`{defaults: {${retrying(1)}}}`, policy('reviews', 'timeout: {request: 1s}'))).toEqual({
      default: ['4', '4'],
    });
  });
});

describe('nobody is warned', () => {
  test.each<[string, readonly string[]]>([
    ['of the default', []],
    ['if only the second hop retries', [policy('ratings', retrying(2))]],
    [
      'if a hop retries only what never reached the application',
      [
        policy('reviews', retrying(2)),
        policy('ratings', 'retry: {attempts: 5, retryOn: [ConnectFailure, RefusedStream]}'),
      ],
    ],
    ['if a hop has no retries', [policy('reviews', retrying(2)), policy('ratings', retrying(0))]],
    [
      'if the second answers by itself',
      [
        policy('reviews', retrying(2)),
        policy('ratings', `${retrying(2)}\n  routes: [{respond: {status: 200}}]`),
      ],
    ],
  ])('%s', (_, policies) => {
    expect(warned('{}', ...policies)).toEqual({});
  });
});

test('a warning names both policies, what is known, what is assumed, and what to do', () => {
  const named = policy(
    'ratings',
    'routes: [{matches: [{method: GET}], retry: {attempts: 4, statusCodes: [503]}}]',
  );
  const { reviews } = messages(
    '{defaults: {retry: {retryOn: [Reset]}}}',
    policy('reviews', retrying(2)),
    named,
  );

  expect(reviews).toBe(
    'Retries can multiply to 15 tries of a request to shop/ratings/80: 3 to shop/reviews/80 by TrafficPolicy shop/reviews, times 5 to shop/ratings/80 by Mesh default and TrafficPolicy shop/ratings, if each call to shop/reviews/80 leads to one. shop/reviews/80 calls shop/ratings/80 according to ExternalWorkload shop/reviews. Retry at one of the two only: set attempts to 0 at the other.',
  );
});
