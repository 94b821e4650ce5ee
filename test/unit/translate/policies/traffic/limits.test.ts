// Which limits hold at which ports of which workloads, and what becomes of those that cannot.
import { describe, expect, test } from '@jest/globals';
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
kind: Pod
metadata: {name: server, namespace: shop, labels: {app: server}, annotations: {meshwright.dev/injected: "1"}}
spec: {serviceAccountName: server, containers: [{name: app}]}
status: {phase: Running, podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: bare, namespace: shop, labels: {app: bare}}
spec: {containers: [{name: app}]}
status: {phase: Running, podIP: 10.0.0.2}
`;

function service(
  name: string,
  app: string,
  ...ports: readonly (readonly [name: string, port: number])[]
): string {
  const list = ports.map(([port, number]) => `{name: ${port}, port: ${number}}`).join(', ');
  return `
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: shop}
spec: {clusterIP: None, selector: {app: ${app}}, ports: [${list}]}
`;
}

function policy(name: string, target: string, fields: string): string {
  return `
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: ${name}, namespace: shop}
spec:
  targetRefs: [${target}]
  ${fields}
`;
}

interface Outcome {
  /** By port of the server: the ids of its rates. */
  readonly rates: Readonly<Record<number, readonly string[]>>;
  readonly inbound: readonly InboundPortIr[];
  /** Of each policy: `Accepted=True: …`. */
  readonly accepted: Readonly<Record<string, string>>;
}

function outcomeOf(...documents: readonly string[]): Outcome {
  const { ir, verdicts } = translate(
    resourcesFromYaml([world, ...documents].join('---\n')),
    translateOptions,
  );
  const inbound = ir?.workloads.find(({ name }) => name === 'server')?.inbound ?? [];
  const said = verdicts.flatMap(({ origin, conditions }) =>
    conditions
      .filter(({ type }) => type === 'Accepted' && origin.kind === 'TrafficPolicy')
      .map(({ status, reason, message }) => [origin.name, `${status} ${reason}: ${message}`] as const),
  );
  return {
    inbound,
    rates: Object.fromEntries(
      inbound.map(({ port, limits }) => [port, limits?.rates.map(({ id }) => id) ?? []]),
    ),
    accepted: Object.fromEntries(said),
  };
}

const rate = (name: string, requests = 1): string =>
  `limits: [{name: ${name}, rate: {requests: ${requests}}}]`;
const reviews = '{kind: Service, name: reviews}';

test('a limit for the Namespace stays beside those of a Service, except the one of the same name', () => {
  const { rates } = outcomeOf(
    service('reviews', 'server', ['http', 80], ['http-admin', 81]),
    policy(
      'shop',
      '{kind: Namespace, name: shop}',
      'limits: [{name: a, rate: {requests: 1}}, {name: b, rate: {requests: 1}}]',
    ),
    policy(
      'admin',
      '{kind: Service, name: reviews, port: 81}',
      'limits: [{name: b, rate: {requests: 1}}, {name: c, rate: {requests: 1}}]',
    ),
  );

  expect(rates).toEqual({
    80: ['shop/shop/a', 'shop/shop/b'],
    81: ['shop/admin/b', 'shop/admin/c', 'shop/shop/a'],
  });
});

test('of several Services that lead to a port, the limits of each hold, and each once', () => {
  const { inbound, rates } = outcomeOf(
    service('reviews', 'server', ['http', 80]),
    service('reviews-v1', 'server', ['http', 80]),
    policy('shop', '{kind: Namespace, name: shop}', rate('all')),
    policy('reviews', reviews, `${rate('one')}\n  adaptiveConcurrency: {maxConcurrency: 10}`),
    policy(
      'v1',
      '{kind: Service, name: reviews-v1}',
      `${rate('two')}\n  adaptiveConcurrency: {maxConcurrency: 20}`,
    ),
  );

  expect(rates).toEqual({ 80: ['shop/reviews/one', 'shop/shop/all', 'shop/v1/two'] });
  expect(inbound[0]?.limits?.adaptiveConcurrency?.max).toBe(10);
});

test('a limit of a TCP port is refused, with what to do', () => {
  const { rates, accepted } = outcomeOf(
    service('reviews', 'server', ['tcp', 80]),
    policy('reviews', reviews, rate('all')),
  );

  expect(rates).toEqual({ 80: [] });
  expect(accepted['reviews']).toBe(
    'False UnsupportedValue: limits have no effect on TCP port shop/reviews/80. Set appProtocol: http on the Service port if it serves HTTP.',
  );
});

test('a policy that can do something else at a TCP port names the limits that have no effect there', () => {
  const { accepted } = outcomeOf(
    service('reviews', 'server', ['tcp', 80]),
    policy(
      'reviews',
      reviews,
      `${rate('all')}\n  admissionControl: {}\n  circuitBreaker: {maxConnections: 1}`,
    ),
  );

  expect(accepted['reviews']).toContain(
    'limits, admissionControl have no effect on TCP port shop/reviews/80.',
  );
});

test('workloads without a sidecar are named: nothing limits what they are sent', () => {
  const { accepted } = outcomeOf(
    service('bare', 'bare', ['http', 80]),
    policy('bare', '{kind: Service, name: bare}', rate('all')),
    policy('timed', '{kind: Service, name: bare}', 'timeout: {request: 1s}'),
  );

  expect(accepted).toEqual({
    bare: 'True Accepted: Accepted. 1 target has no sidecar, so limits do not apply to it: Pod/shop/bare.',
    timed: 'True Accepted: Accepted.',
  });
});

test('the window of admission control is of whole seconds: Envoy knows no others', () => {
  const { inbound } = outcomeOf(
    service('reviews', 'server', ['http', 80]),
    policy(
      'reviews',
      reviews,
      'limits: [{name: a, rate: {requests: 5, per: 1s1ms}}]\n  admissionControl: {window: 1500ms}',
    ),
  );

  expect(inbound[0]?.limits).toMatchObject({
    rates: [{ requests: 5, periodMs: 1_001, burst: 5 }],
    admissionControl: { windowMs: 2_000 },
  });
});

test('two Services that lead to a port may each name a header for the identity of callers', () => {
  const { inbound } = outcomeOf(
    service('reviews', 'server', ['http', 80]),
    service('ratings', 'server', ['http', 80]),
    policy('reviews', reviews, 'callerIdentity: {header: X-Caller}'),
    policy('ratings', '{kind: Service, name: ratings}', 'callerIdentity: {header: from}'),
  );

  expect(inbound[0]?.limits?.callerHeaders).toEqual(['from', 'x-caller']);
});

/** Of each policy that has the condition Warning: its reason and message. */
function warningsOf(...documents: readonly string[]): Readonly<Record<string, string>> {
  const { verdicts } = translate(resourcesFromYaml([world, ...documents].join('---\n')), translateOptions);
  return Object.fromEntries(
    verdicts.flatMap(({ origin, conditions }) =>
      conditions
        .filter(({ type }) => type === 'Warning')
        .map(({ reason, message }) => [origin.name, `${reason}: ${message}`] as const),
    ),
  );
}

describe('several Services that lead to one port', () => {
  const ratings = '{kind: Service, name: ratings}';
  const both = [service('ratings', 'server', ['http', 80]), service('reviews', 'server', ['http', 80])];

  test('have one adaptiveConcurrency: the policy that sets another one is told', () => {
    const warnings = warningsOf(
      ...both,
      policy('ratings', ratings, 'adaptiveConcurrency: {maxConcurrency: 10}'),
      policy('reviews', reviews, 'adaptiveConcurrency: {maxConcurrency: 20}\n  admissionControl: {}'),
    );

    expect(warnings).toEqual({
      reviews:
        'LimitsWithoutEffect: adaptiveConcurrency of shop/reviews/80 does not apply to workloads whose port shop/ratings/80 leads to as well, because TrafficPolicy shop/ratings sets it there. Set it in one of the two policies only.',
    });
  });

  test('may get it from one policy, and limits from several: nothing is to be told', () => {
    expect(
      warningsOf(
        ...both,
        policy('shop', '{kind: Namespace, name: shop}', 'adaptiveConcurrency: {maxConcurrency: 10}'),
        policy('ratings', ratings, rate('a')),
        policy('reviews', reviews, rate('a')),
      ),
    ).toEqual({});
  });

  test('have no limits where one of them says that the port is TCP: the policy of the other is told', () => {
    const raw = `
apiVersion: v1
kind: Service
metadata: {name: raw, namespace: shop, creationTimestamp: "2020-01-01T00:00:00Z"}
spec: {clusterIP: None, selector: {app: server}, ports: [{name: tcp-raw, port: 80}]}
`;

    expect(
      warningsOf(raw, service('reviews', 'server', ['http', 80]), policy('reviews', reviews, rate('a'))),
    ).toEqual({
      reviews:
        'LimitsWithoutEffect: limits of shop/reviews/80 cannot apply to port 80 of some workloads, because an ExternalWorkload or another Service declares it as TCP. Declare the same appProtocol everywhere.',
    });
  });
});
