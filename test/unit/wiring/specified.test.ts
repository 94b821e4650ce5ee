// Objects are found by kind, namespace, name and generation, and indexed only when somebody asks.
import { expect, test } from '@jest/globals';
import { specifiedIn } from '../../../operator/wiring/specified.ts';
import { originOf } from '../../support/origins.ts';

const spec = {
  targetRefs: [],
  limits: [],
  quotas: [],
  subsets: [],
  routes: [],
  tcpRoutes: [],
  tlsRoutes: [],
};
const policy = {
  kind: 'TrafficPolicy' as const,
  apiVersion: 'meshwright.dev/v1alpha1' as const,
  metadata: { namespace: 'shop', name: 'reviews', generation: 2 },
  spec,
};

test.each<[string, boolean]>([
  ['TrafficPolicy/shop/reviews@2', true],
  ['TrafficPolicy/shop/reviews@1', false],
  ['TrafficPolicy/other/reviews@2', false],
  ['SecurityPolicy/shop/reviews@2', false],
])('%s is there: %s', (origin, isThere) => {
  const specifiedOf = specifiedIn({ trafficPolicies: [policy], securityPolicies: [], externalWorkloads: [] });

  expect(specifiedOf(originOf(origin))?.spec).toBe(isThere ? spec : undefined);
});

test('before anything is read there is none', () => {
  expect(specifiedIn(null)(originOf('TrafficPolicy/shop/reviews@2'))).toBeUndefined();
});

test('nothing is indexed while nobody asks', () => {
  const resources = new Proxy(
    { trafficPolicies: [], securityPolicies: [], externalWorkloads: [] },
    {
      get: () => {
        throw new Error('read');
      },
    },
  );

  const specifiedOf = specifiedIn(resources);

  expect(() => specifiedOf(originOf('TrafficPolicy/shop/reviews@2'))).toThrow('read');
});
