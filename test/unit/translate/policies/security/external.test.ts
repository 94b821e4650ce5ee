// Whom a SecurityPolicy has asked, and what holds where nobody can be asked: nobody comes in.
import { describe, expect, test } from '@jest/globals';
import type { ConditionDraft } from '../../../../../operator/conditions/conditions.ts';
import type { InboundPortIr } from '../../../../../operator/ir/inbound.ts';
import { translate } from '../../../../../operator/translate/translate.ts';
import { resourcesFromYaml, translateOptions } from '../../../../support/builders.ts';

const world = `
apiVersion: meshwright.dev/v1alpha1
kind: Mesh
metadata: {name: default}
spec: {}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {meshwright.dev/mesh: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {clusterIP: 10.96.0.1, selector: {app: reviews}, ports: [{name: http, port: 80}, {name: db, port: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: opa, namespace: shop}
spec: {clusterIP: 10.96.0.2, selector: {app: opa}, ports: [{name: grpc, port: 9191}, {name: http, port: 8181}, {name: admin, port: 1}]}
---
apiVersion: v1
kind: Service
metadata: {name: opa, namespace: policies}
spec: {clusterIP: 10.96.0.3, ports: [{name: grpc, port: 9191}]}
---
apiVersion: v1
kind: Pod
metadata: {name: reviews, namespace: shop, labels: {app: reviews}, annotations: {meshwright.dev/injected: "1"}}
spec: {serviceAccountName: reviews, containers: [{name: app, ports: [{containerPort: 80}]}]}
status: {phase: Running, podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: opa, namespace: shop, labels: {app: opa}, annotations: {meshwright.dev/injected: "1"}}
spec: {serviceAccountName: opa, containers: [{name: app, ports: [{containerPort: 9191}]}]}
status: {phase: Running, podIP: 10.0.0.2}
`;

const grant = `---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: authorizers, namespace: policies}
spec:
  from: [{group: meshwright.dev, kind: SecurityPolicy, namespace: shop}]
  to: [{group: '', kind: Service, name: opa}]
`;

interface Asking {
  readonly service?: string;
  readonly more?: string;
  readonly objects?: string;
}

interface Outcome {
  readonly port: (pod: string, port: number) => InboundPortIr | undefined;
  readonly condition: (type: ConditionDraft['type']) => ConditionDraft | undefined;
}

/** A policy for all of the namespace. */
function asking({ service = '{name: opa, port: 9191}', more = '', objects = '' }: Asking = {}): Outcome {
  const policy = `---
apiVersion: meshwright.dev/v1alpha1
kind: SecurityPolicy
metadata: {name: asked, namespace: shop}
spec:
  targetRefs: [{kind: Namespace, name: shop}]
  authorization: {external: {service: ${service}, protocol: GRPC${more}}}
`;
  const { ir, verdicts } = translate(resourcesFromYaml(world + policy + objects), translateOptions);
  return {
    port: (pod, port) =>
      ir?.workloads.find(({ name }) => name === pod)?.inbound.find((one) => one.port === port),
    condition: (type) =>
      verdicts
        .find(({ origin }) => origin.name === 'asked')
        ?.conditions.find((condition) => condition.type === type),
  };
}

const nobody = [
  { id: 'shop/asked/external-authorizer', callers: 'anyone', unidentified: true, requests: 'any' },
];

test('an authorizer is asked at the ports that serve HTTP', () => {
  const { port, condition } = asking();

  expect(port('reviews', 80)).toMatchObject({
    authorization: { deny: [], allow: 'all' },
    authorizers: [{ id: 'shop/asked/external-authorizer', service: 'shop/opa/9191', onFailure: 'Deny' }],
  });
  expect(condition('ResolvedRefs')).toMatchObject({ status: 'True' });
});

test('TCP ports are closed where it would be asked', () => {
  const { port, condition } = asking();

  expect(port('reviews', 5432)).toMatchObject({ authorization: { deny: nobody }, authorizers: [] });
  expect(condition('Accepted')?.message).toContain(
    'On TCP port 1, 5432, authorization.external denies every connection',
  );
  const limited = asking({ more: ', to: [{ports: [80]}]' });
  expect(limited.port('reviews', 5432)).toMatchObject({ authorization: { deny: [] }, authorizers: [] });
  expect(limited.port('reviews', 80)?.authorizers).toHaveLength(1);
});

test('it is not asked about questions to itself, but about its other ports', () => {
  const { port, condition } = asking();

  expect(port('opa', 9191)).toMatchObject({ authorization: { deny: [] }, authorizers: [] });
  expect(port('opa', 8181)?.authorizers).toHaveLength(1);
  expect(condition('Accepted')?.message).toContain(
    'Calls to shop/opa:9191 are not checked by the authorizer, because authorizers answer there.',
  );
});

test('one without endpoints, or whose rules deny the questions, is warned of', () => {
  expect(asking().condition('Warning')).toMatchObject({
    status: 'True',
    message:
      'The authorizer shop/opa/9191 has no ready endpoints, so requests are refused. Start a workload for it.',
  });
  expect(asking({ more: ', failureMode: Allow' }).condition('Warning')?.message).toContain(
    'so requests pass without being checked, because failureMode is Allow.',
  );
  const slice = `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: opa-1, namespace: shop, labels: {kubernetes.io/service-name: opa}}
addressType: IPv4
ports: [{name: grpc, port: 9191, protocol: TCP}]
endpoints: [{addresses: [10.0.0.2], conditions: {ready: true}, targetRef: {kind: Pod, namespace: shop, name: opa}}]
`;
  expect(asking({ objects: slice }).condition('Warning')).toBeUndefined();
  const guard = `---
apiVersion: meshwright.dev/v1alpha1
kind: SecurityPolicy
metadata: {name: opa, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: opa}]
  authorization: {rules: [{name: web, action: Allow, from: [{serviceAccounts: [shop/web]}]}]}
`;
  expect(asking({ objects: slice + guard }).condition('Warning')).toMatchObject({
    reason: 'AuthorizerUnavailable',
    message:
      'SecurityPolicies deny what shop/opa, shop/reviews asks the authorizer shop/opa/9191. Allow these service accounts there.',
  });
  const friendly = guard.replace('shop/web', 'shop/reviews, shop/opa');
  expect(asking({ objects: slice + friendly }).condition('Warning')).toBeUndefined();
});

describe('a reference that does not resolve closes the targets, whatever failureMode says', () => {
  test.each([
    ['{name: gone, port: 9191}', 'BackendNotFound', 'Service shop/gone does not exist.'],
    ['{name: opa, port: 80}', 'BackendNotFound', 'Service shop/opa has no TCP port 80.'],
    ['{name: opa, port: 1}', 'UnsupportedProtocol', 'Port 1 of Service shop/opa is TCP.'],
    [
      '{namespace: policies, name: opa, port: 9191}',
      'RefNotPermitted',
      'No ReferenceGrant lets a SecurityPolicy',
    ],
  ])('%s', (service, reason, fact) => {
    const { port, condition } = asking({ service, more: ', failureMode: Allow' });

    expect(port('reviews', 80)).toMatchObject({ authorization: { deny: nobody }, authorizers: [] });
    const found = condition('ResolvedRefs');
    expect(found).toMatchObject({ status: 'False', reason });
    expect(found?.message).toContain(fact);
    expect(found?.message).toContain('are denied, whatever failureMode says.');
  });

  test('but for requests that it is not asked about', () => {
    const { port } = asking({ service: '{name: gone, port: 1}', more: ', to: [{methods: [POST]}]' });

    expect(port('reviews', 80)?.authorization.deny).toMatchObject([{ requests: [{ methods: ['POST'] }] }]);
  });

  test('and what it would write for the application, nobody else can: at no port', () => {
    const more = ', upstreamHeaders: [X-User, x-group], to: [{methods: [POST], ports: [80]}]';
    const { port } = asking({ service: '{name: gone, port: 1}', more });

    expect(port('reviews', 80)).toMatchObject({ authorizers: [], authorizerHeaders: ['x-group', 'x-user'] });
    expect(port('opa', 8181)?.authorizerHeaders).toEqual(['x-group', 'x-user']);
    // It may be told what another one wrote.
    expect(asking({ more }).port('opa', 9191)?.authorizerHeaders).toEqual([]);
  });

  test('and a ReferenceGrant permits it', () => {
    const { port, condition } = asking({
      service: '{namespace: policies, name: opa, port: 9191}',
      objects: grant,
    });

    expect(port('reviews', 80)?.authorizers).toMatchObject([{ service: 'policies/opa/9191' }]);
    expect(condition('ResolvedRefs')).toMatchObject({ status: 'True' });
  });
});

const policyOf = (namespace: string, name: string, service: string): string => `---
apiVersion: meshwright.dev/v1alpha1
kind: SecurityPolicy
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  targetRefs: [{kind: Namespace, name: ${namespace}}]
  authorization: {external: {service: ${service}, protocol: GRPC}}
`;

test('more authorizers than a sidecar can carry let nobody in, and nobody is asked', () => {
  const many = Array.from({ length: 800 }, (_, index) =>
    policyOf('shop', `policy-${index}`, '{name: opa, port: 9191}'),
  );
  const { port, condition } = asking({ objects: many.join('') });

  expect(port('reviews', 80)).toMatchObject({
    authorization: { deny: [{ id: 'too-many-rules', callers: 'anyone', requests: 'any' }] },
    authorizers: [],
  });
  expect(condition('Accepted')?.message).toContain('are larger than 2 MiB, so they deny everyone');
});

describe('authorizers that are protected by each other', () => {
  test('of one namespace are not asked about questions to the other', () => {
    const { port, condition } = asking({ objects: policyOf('shop', 'second', '{name: opa, port: 8181}') });

    expect(port('opa', 9191)?.authorizers).toEqual([]);
    expect(port('opa', 8181)?.authorizers).toEqual([]);
    expect(port('reviews', 80)?.authorizers.map(({ service }) => service)).toEqual([
      'shop/opa/9191',
      'shop/opa/8181',
    ]);
    expect(condition('ResolvedRefs')).toMatchObject({ status: 'True' });
  });

  test('of two namespaces let nobody in, and the status says so', () => {
    const elsewhere = `---
apiVersion: v1
kind: Service
metadata: {name: judge, namespace: policies}
spec: {clusterIP: 10.96.0.4, selector: {app: judge}, ports: [{name: grpc, port: 9191}]}
---
apiVersion: v1
kind: Pod
metadata: {name: judge, namespace: policies, labels: {app: judge}, annotations: {meshwright.dev/injected: "1"}}
spec: {serviceAccountName: judge, containers: [{name: app}]}
status: {phase: Running, podIP: 10.0.0.9}
`;
    const grants = ['policies shop', 'shop policies'].map((pair) => {
      const [namespace = '', from = ''] = pair.split(' ');
      return `---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: authorizers, namespace: ${namespace}}
spec:
  from: [{group: meshwright.dev, kind: SecurityPolicy, namespace: ${from}}]
  to: [{group: '', kind: Service}]
`;
    });
    const back = policyOf('policies', 'back', '{namespace: shop, name: opa, port: 9191}');
    const service = '{namespace: policies, name: judge, port: 9191}';

    const circle = asking({ service, objects: [elsewhere, ...grants, back].join('') });
    expect(circle.condition('ResolvedRefs')).toMatchObject({ status: 'False', reason: 'Conflicted' });
    expect(circle.port('reviews', 80)).toMatchObject({ authorization: { deny: nobody }, authorizers: [] });
    expect(circle.port('judge', 9191)?.authorizers).toEqual([]);

    const line = asking({ service, objects: [elsewhere, ...grants].join('') });
    expect(line.condition('ResolvedRefs')).toMatchObject({ status: 'True' });
    expect(line.port('reviews', 80)?.authorizers).toHaveLength(1);
  });
});
