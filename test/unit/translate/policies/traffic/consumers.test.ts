// Policies for Services of other namespaces: they hold for callers in their own, and change nothing for anybody else.
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from '@jest/globals';
import * as fc from 'fast-check';
import { TrafficPolicySpec } from '../../../../../api/v1alpha1/traffic/policy.ts';
import type { TrafficPolicy } from '../../../../../api/v1alpha1/traffic/policy.ts';
import { admit } from '../../../../../api/admission.ts';
import { apiVersion } from '../../../../../api/v1alpha1/common.ts';
import { buildResources } from '../../../../../operator/envoy/resources/build.ts';
import type { MeshIr } from '../../../../../operator/ir/mesh-ir.ts';
import type { Resources } from '../../../../../operator/store/resources.ts';
import { translate } from '../../../../../operator/translate/translate.ts';
import { pools, trafficPolicySpec } from '../../../../support/arbitraries.ts';
import { destinationSettings } from '../../../../support/arbitrary-destination.ts';
import { limitSettings } from '../../../../support/arbitrary-limits.ts';
import { world } from '../../../../support/arbitrary-world.ts';
import { resourcesFromYaml, storedObject, translateOptions } from '../../../../support/builders.ts';

const consumerPolicies = fc
  .array(
    fc
      .tuple(fc.constantFrom('qa', 'default'), trafficPolicySpec(), fc.constantFrom(...pools.services))
      .map(([namespace, spec, service]) => [namespace, consuming(spec, service)] as const)
      .filter(([, spec]) => TrafficPolicySpec.safeParse(spec).success),
    { minLength: 1, maxLength: 3 },
  )
  .map((drawn) => drawn.map(([namespace, spec], index) => policyOf(namespace, `consumer-${index}`, spec)));

function consuming(spec: TrafficPolicySpec, service: string): object {
  const servers = ['healthCheck', ...Object.keys(limitSettings)];
  const callers = Object.entries(spec).filter(([field]) => !servers.includes(field));
  return {
    ...Object.fromEntries(callers),
    targetRefs: [{ kind: 'Service', namespace: 'shop', name: service }],
  };
}

function policyOf(namespace: string, name: string, spec: object): TrafficPolicy {
  const metadata = { namespace, name, generation: 1, creationTimestamp: '2025-01-01T00:00:00Z' };
  return storedObject({
    kind: 'TrafficPolicy',
    metadata,
    spec: TrafficPolicySpec.parse(spec),
  }) as TrafficPolicy;
}

/** By the name of a resource. */
type Sent = Readonly<Record<string, string>>;

/** Key of a workload → all that its sidecar is sent, by name, with the objects that shaped it. */
function sentIn(resources: Resources): ReadonlyMap<string, Sent> {
  const { ir } = translate(resources, translateOptions);
  return ir === null ? new Map() : sentBy(ir);
}

function sentBy(ir: MeshIr): ReadonlyMap<string, Sent> {
  const { layers, views } = buildResources(ir, { trustBundle: '' });
  return new Map(
    [...views].map(([workload, view]) => {
      const resources = view.flatMap((layer) => layers.get(layer) ?? []);
      const named = resources.map(({ typeUrl, name, message, origins }) => {
        return [`${typeUrl} ${name}`, JSON.stringify([message, origins])] as const;
      });
      // A name that is there twice would hide what it means.
      expect(new Set(named.map(([name]) => name)).size).toBe(named.length);
      return [workload, Object.fromEntries(named)];
    }),
  );
}

describe('consumer policies, in any world', () => {
  it('change nothing for callers of other namespaces, and add no more clusters than their subsets need', () => {
    let changed = 0;
    fc.assert(
      fc.property(world, consumerPolicies, (resources, policies) => {
        const before = sentIn(resources);
        const after = sentIn({ ...resources, trafficPolicies: [...resources.trafficPolicies, ...policies] });

        expect([...after.keys()]).toEqual([...before.keys()]);
        for (const [workload, sent] of after) {
          const [, namespace] = workload.split('/');
          const own = policies.filter(({ metadata }) => metadata.namespace === namespace);
          const known = before.get(workload) ?? {};
          const different = differing(sent, known);
          expect(own.length === 0 ? different : []).toEqual([]);
          if (different.length > 0) changed += 1;
          expect(clustersIn(sent) - clustersIn(known)).toBeLessThanOrEqual(mostClusters(own));
        }
      }),
      // The same ones each time: what follows counts them.
      { numRuns: 50, seed: 1 },
    );
    // Or it would say little.
    expect(changed).toBeGreaterThan(3);
  });
});

/** Names of what is there in one of them only, or not alike. */
function differing(a: Sent, b: Sent): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name]);
}

function clustersIn(sent: Sent): number {
  return Object.keys(sent).filter((name) => name.includes('.Cluster ')).length;
}

/** At each port one for each subset, and one for the copies that it gets; one more for copies to all endpoints; and for those to other Services. */
function mostClusters(policies: readonly TrafficPolicy[]): number {
  const ports = 3;
  return policies.reduce((sum, { spec: { subsets, routes } }) => {
    const elsewhere = routes.flatMap(({ mirror }) => mirror.filter(({ service }) => service !== undefined));
    return sum + ports * (2 * subsets.length + 1) + elsewhere.length;
  }, 0);
}

const shop = readFileSync('test/golden/features/world.yaml', 'utf8');
const caller = (namespace: string): string => `
apiVersion: v1
kind: Pod
metadata: {name: caller, namespace: ${namespace}, labels: {app: caller}, annotations: {meshwright.dev/injected: "1"}}
spec: {serviceAccountName: caller, containers: [{name: app}]}
status: {phase: Running, podIP: 10.0.9.${namespace.length}}
`;
const policy = (name: string, spec: string): string => `
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: {namespace: ${name.replace('/', ', name: ')}}
spec: ${spec}
`;
const reviews = '{kind: Service, namespace: shop, name: reviews}';
const callers = [caller('qa'), caller('next')];

function resourcesWith(...documents: readonly string[]): Resources {
  return resourcesFromYaml([shop, ...callers, ...documents].join('---\n'));
}

/** Names of policies → their conditions that are not as usual. */
function told(...documents: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const { verdicts } = translate(resourcesWith(...documents), translateOptions);
  return Object.fromEntries(
    verdicts
      .filter(({ origin }) => origin.kind === 'TrafficPolicy')
      .map(({ origin: { namespace, name }, conditions }) => [
        `${namespace}/${name}`,
        conditions
          .filter(({ type, status }) => (status === 'True') === (type === 'Overridden' || type === 'Warning'))
          .map(({ type, message }) => `${type}: ${message}`),
      ]),
  );
}

describe('precedence, whatever the order of the objects', () => {
  /** Each sets one more field than the one before, which is the only one that it decides: each beats all those before it. */
  const ladder = [
    policy('meshwright-system/mesh', '{targetRefs: [{kind: Mesh, name: default}], timeout: {request: 1s}}'),
    policy('shop/namespace', '{targetRefs: [{kind: Namespace, name: shop}], timeout: {request: 2s}}'),
    policy('shop/service', '{targetRefs: [{kind: Service, name: reviews}], timeout: {request: 3s}}'),
    policy('shop/port', '{targetRefs: [{kind: Service, name: reviews, port: 9080}], timeout: {request: 4s}}'),
    policy(
      'shop/route',
      '{targetRefs: [{kind: Service, name: reviews, port: 9080}], routes: [{name: all, timeout: {request: 5s}}]}',
    ),
    policy('qa/service', `{targetRefs: [${reviews}], timeout: {request: 6s}}`),
    policy(
      'qa/port',
      '{targetRefs: [{kind: Service, namespace: shop, name: reviews, port: 9080}], timeout: {request: 7s}}',
    ),
    policy(
      'qa/route',
      '{targetRefs: [{kind: Service, namespace: shop, name: reviews, port: 9080}], routes: [{name: own, timeout: {request: 8s}}]}',
    ),
  ];
  const timeouts = (resources: Resources): Readonly<Record<string, unknown>> => {
    const { services = [], workloads = [] } = translate(resources, translateOptions).ir ?? {};
    const routes = services.find(({ key }) => key === 'shop/reviews/9080')?.routes;
    return Object.fromEntries(
      ['qa', 'next'].map((namespace) => {
        const audience = workloads.find((workload) => workload.namespace === namespace)?.audience;
        const own = routes?.byAudience.find((one) => one.audience === audience)?.routes;
        return [namespace, (own ?? routes?.default ?? []).map(({ timeoutMs }) => timeoutMs)];
      }),
    );
  };

  test.each([
    [1, 1_000, 1_000],
    [2, 2_000, 2_000],
    [3, 3_000, 3_000],
    [4, 4_000, 4_000],
    [5, 5_000, 5_000],
    [6, 6_000, 5_000],
    [7, 7_000, 5_000],
    [8, 8_000, 5_000],
  ])('of the first %i, callers in qa obey %i ms, those in other namespaces %i ms', (count, own, others) => {
    fc.assert(
      fc.property(fc.shuffledSubarray(ladder.slice(0, count), { minLength: count }), (documents) => {
        expect(timeouts(resourcesWith(...documents))).toEqual({ qa: [own], next: [others] });
      }),
      { numRuns: 5 },
    );
  });

  test('the losers are told what they lost, to whom, and for which callers', () => {
    const all = told(...ladder.slice(2, 8));

    expect(all['shop/port']).toEqual([
      'Accepted: TrafficPolicy qa/route sets timeout.request for shop/reviews/9080 (callers in namespace qa) instead, because all routes of a policy of their own namespace set it. TrafficPolicy shop/route sets timeout.request for shop/reviews/9080 instead, because all its routes set it.',
      'Overridden: TrafficPolicy qa/route sets timeout.request for shop/reviews/9080 (callers in namespace qa) instead, because all routes of a policy of their own namespace set it. TrafficPolicy shop/route sets timeout.request for shop/reviews/9080 instead, because all its routes set it.',
    ]);
    expect(all['shop/route']).toEqual([
      'Overridden: TrafficPolicy qa/route sets routes and subsets for shop/reviews/9080 (callers in namespace qa) instead, because it is a policy of their own namespace for the port.',
    ]);
    expect(all['qa/service']).toEqual([
      'Accepted: TrafficPolicy qa/route sets timeout.request for shop/reviews/9080 (callers in namespace qa) instead, because all routes of a policy of their own namespace set it.',
      'Overridden: TrafficPolicy qa/route sets timeout.request for shop/reviews/9080 (callers in namespace qa) instead, because all routes of a policy of their own namespace set it.',
    ]);
    expect(all['qa/route']).toEqual([]);
  });

  test('two namespaces do not meet, and of two policies of one the older is in force', () => {
    const spec = `{targetRefs: [${reviews}], timeout: {request: 1s}}`;

    expect(told(policy('qa/a', spec), policy('qa/b', spec), policy('next/a', spec))).toEqual({
      'next/a': [],
      'qa/a': [],
      'qa/b': [
        'Accepted: TrafficPolicy qa/a already sets timeout.request for shop/reviews/9080 (callers in namespace qa) because it was created at the same time and its name sorts first. Merge the two, or change the targets.',
        'Overridden: TrafficPolicy qa/a already sets timeout.request for shop/reviews/9080 (callers in namespace qa) because it was created at the same time and its name sorts first. Merge the two, or change the targets.',
      ],
    });
  });
});

describe('what routes of consumers lead to', () => {
  const grant = `
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: grant, namespace: shop}
spec: {from: [{group: meshwright.dev, kind: TrafficPolicy, namespace: qa}], to: [{group: "", kind: Service}]}
`;
  const toReviews = (subset = '', more = ''): string =>
    policy(
      'qa/ratings',
      `{targetRefs: [{kind: Service, namespace: shop, name: ratings}], routes: [{name: moved, ${more} backends: [{service: {namespace: shop, name: reviews, port: 9080}${subset}}]}]}`,
    );
  const sent = (workload: string, ...documents: readonly string[]): Sent =>
    sentIn(resourcesWith(grant, ...documents)).get(workload) ?? {};
  const cluster = 'type.googleapis.com/envoy.config.cluster.v3.Cluster shop/reviews/9080';

  test('has a retry budget for their retries, and none for other callers', () => {
    const retries = toReviews('', 'retry: {attempts: 3, retryOn: [ServerError]},');

    expect(sent('Pod/qa/caller', retries)[cluster]).toContain('"retry_budget"');
    expect(sent('Pod/next/caller', retries)[cluster]).not.toContain('"retry_budget"');
  });

  test('is the subset that they declare, even if the owner declares one of that name', () => {
    const subsets = (version: string): string => `subsets: [{name: v, matchLabels: {version: ${version}}}]`;
    const declared = [
      policy('qa/reviews', `{targetRefs: [${reviews}], ${subsets('v1')}}`),
      policy('shop/reviews', `{targetRefs: [{kind: Service, name: reviews}], ${subsets('v2')}}`),
      toReviews(', subset: v'),
    ];

    expect(sent('Pod/qa/caller', ...declared)[host]).toContain('"cluster":"shop/reviews/9080/v@qa"');
    expect(sent('Pod/next/caller', ...declared)[host]).not.toContain('v@qa');
    expect(told(grant, ...declared)['qa/ratings']).toEqual([]);
  });

  test('is a subset of the owner, if they declare none', () => {
    const declared = [
      policy(
        'shop/reviews',
        '{targetRefs: [{kind: Service, name: reviews}], subsets: [{name: v, matchLabels: {version: v2}}]}',
      ),
      toReviews(', subset: v'),
    ];

    expect(sent('Pod/qa/caller', ...declared)[host]).toContain('"cluster":"shop/reviews/9080/v"');
  });

  test('is told if their own labels match nothing', () => {
    const declared = policy(
      'qa/reviews',
      `{targetRefs: [${reviews}], subsets: [{name: v9, matchLabels: {version: v9}}], routes: [{name: new, backends: [{subset: v9}]}]}`,
    );

    expect(told(declared)['qa/reviews']).toEqual([
      'ResolvedRefs: Subset v9 has no endpoints because no workload of shop/reviews/9080 has the labels version=v9. Its share of the requests of route new gets a 503. Start a workload with these labels, or fix matchLabels.',
    ]);
    expect(told(grant, declared, toReviews(', subset: v9'))['qa/ratings']).toEqual([
      'ResolvedRefs: Subset v9 of shop/reviews/9080 has no endpoints. Its share of the requests of route moved gets a 503. Start a workload with its labels, or use another backend.',
    ]);
  });

  const host = 'type.googleapis.com/envoy.config.route.v3.VirtualHost outbound/ratings.shop:9080';
});

describe('warnings', () => {
  const routesFor = (...froms: readonly string[]): string =>
    `routes: [{name: staff, matches: [${froms.map((from) => `{from: {${from}}}`).join()}]}]`;

  test('name a route for callers of other namespaces only, whom the policy does not reach', () => {
    const warned = told(
      policy(
        'qa/reviews',
        `{targetRefs: [${reviews}], ${routesFor('namespaces: [next]', 'serviceAccounts: [next/caller, qa-2/x]')}}`,
      ),
    );

    expect(warned['qa/reviews']).toEqual([
      'Warning: Route staff gets no requests because its matches name callers of other namespaces in from, and the policy applies only to callers in namespace qa. Name callers of qa in from, or remove the route.',
    ]);
  });

  test.each([
    [
      'one match is for callers of its own',
      'qa/reviews',
      reviews,
      ['namespaces: [next]', 'namespaces: [qa, next]'],
    ],
    ['an account is of its own', 'qa/reviews', reviews, ['serviceAccounts: [qa/caller]']],
    ['it is for everybody', 'shop/reviews', '{kind: Service, name: reviews}', ['namespaces: [next]']],
    [
      'it is for everybody at another target',
      'shop/reviews',
      '{kind: Service, name: reviews}, {kind: Service, namespace: qa, name: other}',
      ['namespaces: [next]'],
    ],
  ])('say nothing of a route if %s', (_, name, targets, froms) => {
    const warned = told(policy(name, `{targetRefs: [${targets}], ${routesFor(...froms)}}`));

    expect(warned[name]?.filter((line) => line.startsWith('Warning'))).toEqual([]);
  });

  test('name callers whose zone is not known: those who obey the policy', () => {
    const policies = [
      policy('qa/reviews', `{targetRefs: [${reviews}], locality: {type: Failover}}`),
      policy('shop/reviews', '{targetRefs: [{kind: Service, name: reviews}], locality: {type: Failover}}'),
    ];
    const warned = told(slice, ...policies);

    expect(warned['qa/reviews']).toEqual([
      expect.stringContaining('calls from qa/caller, because the zones'),
    ]);
    expect(warned['shop/reviews']?.join()).toContain('next/caller');
    expect(warned['shop/reviews']?.join()).not.toContain('qa/caller');
  });

  const slice = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: reviews-2, namespace: shop, labels: {kubernetes.io/service-name: reviews}}
addressType: IPv4
ports: [{name: http, port: 9080, protocol: TCP}]
endpoints: [{addresses: [10.0.1.1], zone: a}]
`;
});

test.each(['healthCheck', ...Object.keys(limitSettings)])(
  '%s, which is about servers, is refused at apply',
  (field) => {
    const settings: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
      ...destinationSettings,
      ...limitSettings,
    };
    const [value] = fc.sample(
      settings[field]?.filter((one) => !Array.isArray(one) || one.length > 0) ?? fc.constant(0),
      { numRuns: 1, seed: 1 },
    );
    const spec = { timeout: { request: '1s' }, [field]: value };
    const targeting = (namespace: object): object => ({
      apiVersion,
      kind: 'TrafficPolicy',
      metadata: { name: 'some', namespace: 'qa' },
      spec: { ...spec, targetRefs: [{ kind: 'Service', name: 'reviews', ...namespace }] },
    });

    expect(admit(targeting({}))).toMatchObject({ ok: true });
    expect(admit(targeting({ namespace: 'shop' }))).toMatchObject({
      ok: false,
      problems: [
        expect.stringContaining(
          'only a policy in the namespace of a Service configures or checks its servers',
        ),
      ],
    });
  },
);
