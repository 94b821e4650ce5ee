// Worlds drawn at random: objects of all kinds, crowded on purpose, so that they meet. Entry: world.
import * as fc from 'fast-check';
import type { StoredObject } from '../../operator/objects/objects.ts';
import {
  externalWorkloadSpec,
  meshSpec,
  pools,
  securityPolicySpec,
  trafficPolicySpec,
} from './arbitraries.ts';
import { resourcesOf, storedObject } from './builders.ts';

const ages = ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z', undefined] as const;
const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const;
/** Mostly one, or objects rarely meet. */
const app = fc.constantFrom('reviews', 'reviews', 'reviews', 'reviews', ...pools.services);
const labels = fc.record({
  app,
  version: fc.constantFrom(...pools.subsets),
});

function metadata(names: readonly string[], namespaced = true): fc.Arbitrary<object> {
  const required = { name: fc.constantFrom(...names), generation: fc.integer({ min: 1, max: 9 }), labels };
  const optional = {
    creationTimestamp: fc.constantFrom(...ages),
    deletionTimestamp: fc.constantFrom(...ages),
  };
  // Mostly one namespace, or objects rarely meet.
  const namespace = namespaced
    ? { namespace: fc.constantFrom('shop', 'shop', 'shop', ...pools.namespaces) }
    : {};
  return fc
    .tuple(fc.record(required), fc.record(optional, { requiredKeys: [] }), fc.record(namespace))
    .map(([some, more, where]) => Object.assign({}, some, more, where));
}

function ours(
  kind: string,
  names: readonly string[],
  spec: fc.Arbitrary<unknown>,
): fc.Arbitrary<StoredObject> {
  return fc
    .record({ kind: fc.constant(kind), metadata: metadata(names, kind !== 'Mesh'), spec })
    .map(storedObject);
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const portNumber = fc.constantFrom(...pools.ports);
const portName = fc.constantFrom(undefined, 'http', 'http', 'tcp', 'web');

const servicePort = fc.record({
  name: portName,
  port: portNumber,
  targetPort: maybe(fc.oneof(portNumber, fc.constantFrom('web', 'http'))),
  protocol: maybe(fc.constantFrom('TCP', 'UDP')),
  appProtocol: maybe(fc.constantFrom('http', 'https', 'kubernetes.io/h2c')),
});
const serviceSpec = fc.record({
  type: fc.constantFrom(undefined, undefined, 'ClusterIP', 'ExternalName'),
  clusterIP: maybe(fc.constantFrom('10.96.0.1', '10.96.0.2', 'None', '')),
  selector: fc.constantFrom(undefined, { app: 'reviews' }, { app: 'reviews' }, { app: 'ratings' }),
  ports: fc.array(servicePort, { maxLength: 3, size: 'max' }),
  publishNotReadyAddresses: maybe(fc.boolean()),
});
const podSpec = fc.record({
  serviceAccountName: maybe(fc.constantFrom(...pools.serviceAccounts)),
  hostNetwork: fc.constantFrom(undefined, false, false, true),
  containers: fc.array(
    fc.record({
      name: fc.constant('app'),
      ports: fc.array(fc.record({ name: portName, containerPort: portNumber }), { maxLength: 2 }),
    }),
    { maxLength: 2 },
  ),
});
const pod = fc
  .record({
    kind: fc.constant('Pod'),
    metadata: metadata(['a', 'b', 'c']),
    injected: fc.constantFrom(true, true, false),
    spec: podSpec,
    status: maybe(
      fc.record({
        phase: fc.constantFrom(undefined, 'Running', 'Running', 'Failed'),
        podIP: fc.constantFrom(...addresses, ''),
      }),
    ),
  })
  .map(({ injected, ...object }) => {
    const annotations = injected ? { 'meshwright.dev/injected': '1' } : {};
    return storedObject(Object.assign(object, { metadata: { ...object.metadata, annotations } }));
  });
const endpoint = fc.record({
  addresses: fc.array(fc.constantFrom(...addresses), { maxLength: 2 }),
  conditions: maybe(
    fc.record({ ready: maybe(fc.boolean()), serving: maybe(fc.boolean()), terminating: maybe(fc.boolean()) }),
  ),
  targetRef: maybe(fc.record({ kind: fc.constant('Pod'), name: fc.constantFrom('a', 'b', 'c', 'gone') })),
});
const endpointSlice = fc
  .record({
    kind: fc.constant('EndpointSlice'),
    metadata: metadata(['s1', 's2', 's3']),
    service: app,
    addressType: fc.constantFrom('IPv4', 'FQDN'),
    ports: fc.array(fc.record({ name: portName, port: maybe(portNumber) }), { maxLength: 2 }),
    endpoints: fc.array(endpoint, { maxLength: 3 }),
  })
  .map(({ service, ...object }) => {
    const own = { 'kubernetes.io/service-name': service };
    return storedObject(Object.assign(object, { metadata: { ...object.metadata, labels: own } }));
  });
const deployment = ours(
  'Deployment',
  pools.deployments,
  labels.map((matchLabels) => ({
    selector: { matchLabels },
    template: { spec: { serviceAccountName: 'reviews' } },
  })),
);
const namespace = ours('Namespace', pools.namespaces, fc.constant({}));

const referenceGrant = ours(
  'ReferenceGrant',
  ['a', 'b'],
  fc.record({
    from: fc.array(
      fc.record({
        group: fc.constantFrom('meshwright.dev', 'meshwright.dev', ''),
        kind: fc.constant('TrafficPolicy'),
        namespace: fc.constantFrom(...pools.namespaces),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    to: fc.array(
      fc.record(
        { group: fc.constant(''), kind: fc.constant('Service'), name: fc.constantFrom(...pools.services) },
        { requiredKeys: ['group', 'kind'] },
      ),
      { minLength: 1, maxLength: 2 },
    ),
  }),
);

const some = (arbitrary: fc.Arbitrary<StoredObject>, most: number): fc.Arbitrary<StoredObject[]> =>
  fc.array(arbitrary, { minLength: Math.floor(most / 3), maxLength: most, size: 'max' });

/** Few names and addresses. */
export const world = fc
  .tuple(
    some(ours('Mesh', ['default', 'other'], meshSpec()), 3),
    some(ours('Service', pools.services, serviceSpec), 12),
    some(ours('TrafficPolicy', ['a', 'b', 'c'], trafficPolicySpec()), 8),
    some(ours('SecurityPolicy', ['a', 'b', 'c'], securityPolicySpec()), 8),
    some(ours('ExternalWorkload', ['a', 'b', 'c'], externalWorkloadSpec()), 6),
    some(pod, 10),
    some(endpointSlice, 8),
    some(deployment, 4),
    some(namespace, 3),
    some(referenceGrant, 4),
  )
  .map((kinds) => resourcesOf(...kinds.flat()));
