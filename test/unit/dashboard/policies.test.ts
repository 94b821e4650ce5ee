// Policies with their truth: statuses in short, and each proxy by itself.
import { expect, test } from '@jest/globals';
import { type Mesh, MeshSpec } from '../../../api/v1alpha1/mesh.ts';
import { conditionType } from '../../../operator/conditions/conditions.ts';
import { certificatesView } from '../../../operator/dashboard/views/certificates-view.ts';
import { auditView, policiesView, policyView } from '../../../operator/dashboard/views/policies.ts';
import { proxiesView } from '../../../operator/dashboard/views/proxies.ts';
import { nodeView } from '../../../operator/dashboard/views/node-view.ts';
import type { Source } from '../../../operator/dashboard/views/source.ts';
import type { ObjectStatus } from '../../../operator/ports/platform.ts';
import { type TrafficPolicy, TrafficPolicySpec } from '../../../api/v1alpha1/traffic/policy.ts';
import { type SecurityPolicy, SecurityPolicySpec } from '../../../api/v1alpha1/security/policy.ts';
import {
  counted,
  knownObservations,
  knownSource,
  knownTraffic,
  proxy,
} from '../../support/dashboard/known-mesh.ts';

const apiVersion = 'meshwright.dev/v1alpha1';
const traffic = (name: string): TrafficPolicy => ({
  apiVersion,
  kind: 'TrafficPolicy',
  metadata: { name, namespace: 'shop', generation: 3 },
  spec: TrafficPolicySpec.parse({ targetRefs: [{ kind: 'Service', name: 'reviews' }] }),
});
const security: SecurityPolicy = {
  apiVersion,
  kind: 'SecurityPolicy',
  metadata: { name: 'reviews', namespace: 'shop', generation: 1 },
  spec: SecurityPolicySpec.parse({
    targetRefs: [{ kind: 'Service', name: 'reviews' }],
    authorization: {
      enforcement: 'Audit',
      rules: [{ name: 'a', action: 'Allow', from: [{ serviceAccounts: ['shop/x'] }] }],
    },
  }),
};

function status(
  conditions: Readonly<Record<string, readonly [string, string]>>,
  more: object = {},
): ObjectStatus {
  return {
    conditions: Object.entries(conditions).map(([type, [is, message]]) => ({
      type,
      status: is as 'True',
      observedGeneration: 3,
      lastTransitionTime: '2026-03-01T11:00:00Z',
      reason: 'Some',
      message,
    })),
    proxies: { programmed: 3, total: 5, summary: '3/5' },
    ...more,
  };
}

const loser = status({ Accepted: ['True', ''], Overridden: ['True', ''], Programmed: ['False', ''] });
const refusal = {
  caller: '10.0.0.9',
  object: 'Pod shop/curl',
  port: '9080',
  requests: 4,
  lastTime: '2026-03-01T11:59:00Z',
};

function source(parts: Partial<Source> = {}): Source {
  return knownSource({
    objects: {
      meshes: [],
      trafficPolicies: [traffic('first'), traffic('second')],
      securityPolicies: [security],
    },
    statuses: new Map([
      ['TrafficPolicy/shop/first', status({ Accepted: ['True', ''], Programmed: ['True', ''] })],
      ['TrafficPolicy/shop/second', loser],
      [
        'SecurityPolicy/shop/reviews',
        status(
          { Accepted: ['True', ''], Programmed: ['Unknown', ''] },
          { audit: { requests: 4, callers: 1, refusals: [refusal] } },
        ),
      ],
    ]),
    verdicts: [
      {
        origin: { kind: 'TrafficPolicy', namespace: 'shop', name: 'second', generation: 3 },
        conditions: [],
        overriddenBy: ['TrafficPolicy/shop/first', 'TrafficPolicy/mesh/all'],
      },
    ],
    ...parts,
  });
}

test('all policies, in short', () => {
  const { isKnown, policies } = policiesView(source());

  expect(isKnown).toBe(true);
  expect(
    policies.map(({ name, programmed, isOverridden, wouldRefuse }) => [
      name,
      programmed,
      isOverridden,
      wouldRefuse,
    ]),
  ).toEqual([
    ['first', true, false, null],
    ['second', false, true, null],
    ['reviews', null, false, 4],
  ]);
});

test('quotas of a policy: what they admit, and who uses how much', () => {
  const policy: TrafficPolicy = {
    ...traffic('first'),
    spec: TrafficPolicySpec.parse({
      targetRefs: [{ kind: 'Service', name: 'reviews' }],
      quotas: [
        { name: 'per-user', per: 'Header', header: 'x-user', requests: 100, period: '24h' },
        { name: 'all', requests: 10, period: '1h', enforcement: 'Audit' },
        { name: 'costs', requests: 50, period: '1h', cost: { header: 'x-cost', default: 1, maximum: 5 } },
      ],
    }),
  };
  const users = [{ key: 'ann', admitted: 100, refused: 20 }];
  const used = { name: 'per-user', service: 'shop/reviews', since: '2026-03-01T00:00:00Z' };
  const counts = { admitted: 130, refused: 20, keys: 4, users };
  const view = policyView(
    source({
      objects: { meshes: [], trafficPolicies: [policy], securityPolicies: [] },
      statuses: new Map([
        [
          'TrafficPolicy/shop/first',
          status({ Accepted: ['True', ''] }, { quotas: [{ ...used, ...counts }] }),
        ],
      ]),
    }),
    'TrafficPolicy/shop/first',
  );

  expect(view?.quotas).toMatchObject([
    { ...used, ...counts, limit: '100 in 24h', per: 'x-user', isEnforced: true },
    { name: 'all', service: '', limit: '10 in 1h', per: 'All', isEnforced: false, admitted: 0, users: [] },
    { name: 'costs', limit: '50 units in 1h, 1 to 5 a request by x-cost' },
  ]);
});

test('who overrides whom is told at both', () => {
  expect(policyView(source(), 'TrafficPolicy/shop/second')?.overriddenBy).toEqual([
    'TrafficPolicy/shop/first',
    'TrafficPolicy/mesh/all',
  ]);
  expect(policyView(source(), 'TrafficPolicy/shop/first')?.overrides).toEqual(['TrafficPolicy/shop/second']);
});

test('each proxy by itself: who does not obey is first, with the reason', () => {
  const typeUrl = 'type.googleapis.com/envoy.config.route.v3.VirtualHost' as const;
  const origin = { kind: 'TrafficPolicy', namespace: 'shop', name: 'first', generation: 3 };
  const resource = { typeUrl, name: 'shop/reviews/80', origins: [origin] };
  const entry = { ...resource, version: '1', any: new Uint8Array(), clusters: [], exclusiveKeys: [] };
  const layer = new Map([[typeUrl, { typeUrl, entries: new Map([[resource.name, entry]]) }]]);
  const view = policyView(
    source({
      snapshot: { generation: 1, layers: new Map([['routes', layer]]), views: new Map(), invalid: [] },
      proxies: [
        proxy('Pod/shop/front-1', { layers: ['routes'] }),
        proxy('Pod/shop/reviews-1', { layers: ['routes'], lagging: [resource] }),
        proxy('Pod/shop/reviews-2', {
          layers: ['routes'],
          lagging: [resource],
          rejected: [{ ...resource, message: 'bad regex' }],
        }),
        proxy('Pod/shop/weekly-1', { layers: ['shared'], former: [resource] }),
        proxy('Pod/shop/nightly-1', { layers: ['shared'] }),
      ],
    }),
    'TrafficPolicy/shop/first',
  );

  expect(view?.obedience.map(({ workload, state, why }) => [workload, state, why])).toEqual([
    ['Pod/shop/reviews-1', 'Pending', 'It has not acknowledged shop/reviews/80.'],
    ['Pod/shop/reviews-2', 'Rejected', 'bad regex'],
    ['Pod/shop/weekly-1', 'Pending', 'It still runs an earlier shop/reviews/80.'],
    ['Pod/shop/front-1', 'Obeys', ''],
  ]);
});

test('whom rules on trial would refuse', () => {
  expect(auditView(source()).refusals).toEqual([
    {
      policy: 'SecurityPolicy/shop/reviews',
      caller: '10.0.0.9',
      object: 'Pod shop/curl',
      port: '9080',
      rule: '',
      requests: 4,
      last: '2026-03-01T11:59:00Z',
    },
  ]);
});

test('a policy that is not there', () => {
  expect(policyView(source(), 'TrafficPolicy/shop/third')).toBeNull();
});

test('a page of a Service: callers, calls, workloads', () => {
  const view = nodeView(source(), 'service/shop/front', 60_000);

  expect(view?.callers.map(({ id, numbers }) => [id, numbers.requests])).toEqual([
    ['account/shop/jobs', 0.2],
    ['outside', 0.2],
  ]);
  expect(view?.callees.map(({ id }) => id)).toEqual(['host/api.example.org:443', 'service/shop/reviews']);
  expect(view?.workloads).toMatchObject([{ workload: 'Pod/shop/front-1', state: 'Current' }]);
  expect(view?.plaintext).toEqual([{ address: '10.9.9.9', object: '', calls: 18 }]);
  expect(nodeView(source(), 'service/shop/nothing', 60_000)).toBeNull();
});

test('what a workload itself called is no call without mutual TLS to it', () => {
  const counts = knownTraffic();
  counts.add(
    'Pod/shop/front-1',
    [counted('outbound.requests', { destination: 'x', code: '2xx' }, 7)],
    570_000,
  );
  const view = nodeView(source({ observations: knownObservations(counts) }), 'service/shop/front', 60_000);

  expect(view?.plaintext).toEqual([{ address: '10.9.9.9', object: '', calls: 18 }]);
});

test('conditions of the Mesh that are about certificates and roots', () => {
  const mesh: Mesh = { apiVersion, kind: 'Mesh', metadata: { name: 'default' }, spec: MeshSpec.parse({}) };
  const all = Object.fromEntries(Object.values(conditionType).map((type) => [type, ['True', ''] as const]));
  const { conditions } = certificatesView(
    source({
      objects: { meshes: [mesh], trafficPolicies: [], securityPolicies: [] },
      statuses: new Map([['Mesh//default', status(all)]]),
    }),
  );

  expect(conditions.map(({ type }) => type)).toEqual([
    'AuthorityHealthy',
    'CertificatesDelivered',
    'RootRotated',
  ]);
});

test('proxies that are not up to date are first', () => {
  const { rows } = proxiesView(source({ proxies: [proxy('Pod/shop/front-1')] }));

  expect(rows.map(({ workload, state }) => [workload, state])).toEqual([
    ['Pod/shop/nightly-1', 'Unseen'],
    ['Pod/shop/reviews-1', 'Unseen'],
    ['Pod/shop/reviews-2', 'Unseen'],
    ['Pod/shop/weekly-1', 'Unseen'],
    ['Pod/shop/front-1', 'Current'],
  ]);
});
