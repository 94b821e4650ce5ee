// Questions about a mesh, and what is answered.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { type Explain, explainerOf, succeeds } from '../../../operator/explain/answer.ts';
import { reportAnswers, reportChanges } from '../../../operator/explain/report.ts';
import { textOf } from '../../../operator/explain/text.ts';
import type { Question } from '../../../operator/explain/question.ts';
import { resourcesFromYaml } from '../../support/builders.ts';

const world = readFileSync('test/golden/features/world.yaml', 'utf8');
const policy = `
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: reviews, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: reviews}]
  timeout: {request: 3s}
  subsets: [{name: v1, matchLabels: {version: v1}}, {name: v2, matchLabels: {version: v2}}, {name: v3, matchLabels: {version: v3}}]
  routes:
  - name: testers
    matches: [{headers: [{name: x-group, value: test}]}]
    backends: [{subset: v2}]
    timeout: {request: 1500ms}
    requestHeaders: {set: [{name: x-tester, value: "100%"}], remove: [x-debug]}
    responseHeaders: {add: [{name: x-route, value: testers}]}
    fault: {delay: {duration: 2s, percentage: 10}, abort: {status: 503, percentage: 5}}
  - matches: [{path: {value: /empty}}]
    backends: [{subset: v3}]
  - backends: [{subset: v1, weight: 9}, {subset: v2, weight: 1}]
    retry: {attempts: 3, perTryTimeout: 250ms, retryOn: [GatewayError, ConnectFailure]}
---
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: defaults, namespace: shop}
spec:
  targetRefs: [{kind: Namespace, name: shop}]
  timeout: {request: 30s}
  retry: {attempts: 1}
`;
const moved = `
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: moved, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: reviews}]
  routes:
  - backends: [{service: {name: ratings, port: 9080}, weight: 9}, {service: {namespace: next, name: reviews, port: 80}}]
`;
const limited = `
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: limited, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: reviews}]
  limits:
  - {name: caller, per: Caller, rate: {requests: 10, burst: 20}}
  - {name: slow, match: {path: {value: /slow}}, rate: {requests: 1}}
  admissionControl: {minSuccessPercentage: 95}
`;
const database = `
apiVersion: v1
kind: Service
metadata: {name: vault, namespace: shop}
spec: {clusterIP: 10.96.0.15, selector: {app: reviews}, ports: [{port: 8200, targetPort: 9080, appProtocol: tls}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: vault-1, namespace: shop, labels: {kubernetes.io/service-name: vault}}
addressType: IPv4
ports: [{port: 9080, protocol: TCP}]
endpoints:
- {addresses: [10.0.0.1], conditions: {ready: true}, targetRef: {kind: Pod, namespace: shop, name: reviews-v1}}
- {addresses: [10.0.0.2], conditions: {ready: true}, targetRef: {kind: Pod, namespace: shop, name: reviews-v2}}
---
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: vault, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: vault}]
  subsets: [{name: v1, matchLabels: {version: v1}}, {name: v2, matchLabels: {version: v2}}, {name: v3, matchLabels: {version: v3}}]
  tlsRoutes:
  - {sni: [vault], backends: [{subset: v2}]}
  - {sni: [empty.example.com], backends: [{subset: v3}]}
  tcpRoutes: [{backends: [{subset: v1, weight: 3}, {subset: v2, weight: 1}], fault: {abort: {percentage: 20}}}]
`;
const tcp = `
apiVersion: v1
kind: Service
metadata: {name: database, namespace: shop}
spec: {clusterIP: 10.96.0.13, ports: [{port: 5432, appProtocol: tcp}]}
`;

function explainer(...documents: readonly string[]): Explain {
  return explainerOf(resourcesFromYaml([world, ...documents].join('---\n'))).explain;
}

function question(parts: Partial<Question> = {}): Question {
  return { from: 'shop/productpage', to: 'reviews:9080', method: 'GET', path: '/', headers: [], ...parts };
}

describe('a connection to a TCP port', () => {
  const explain = explainer(database);
  const field = '[TrafficPolicy shop/vault, spec.';

  test('is shared among backends, or closed on purpose', () => {
    expect(textOf(explain(question({ to: '10.96.0.15:8200' })))).toBe(
      `shop/productpage to 10.96.0.15:8200 (10.96.0.15:8200)
  Protocol   TCP. Set appProtocol: http on the Service port if it serves HTTP.
  Backend    20% closed at once  ${field}tcpRoutes[0]]
             60% Service shop/vault port 8200, subset v1: 10.0.0.1:9080 (mTLS)
             20% Service shop/vault port 8200, subset v2: 10.0.0.2:9080 (plaintext)
  Balancing  RoundRobin  [default]
  Access     allowed as spiffe://cluster.local/ns/shop/sa/productpage, at 10.0.0.1:9080
  Access     no sidecar decides, at 10.0.0.2:9080
`,
    );
  });

  test('asks for the host that it is made to, or another server name', () => {
    expect(textOf(explain(question({ to: 'vault:8200' })))).toContain(
      `subset v2: 10.0.0.2:9080 (plaintext)  ${field}tlsRoutes[0]]`,
    );
    expect(textOf(explain(question({ to: 'vault:8200', sni: 'empty.example.com' })))).toContain(
      `subset v3: no endpoints, connections are closed  ${field}tlsRoutes[1]]`,
    );
    expect(succeeds(explain(question({ to: 'vault:8200', sni: 'empty.example.com' })).explanation)).toBe(
      false,
    );
  });
});

describe('the text', () => {
  const explain = explainer(policy, tcp);

  test('names route, backends, settings and changes, each with the field that says so', () => {
    expect(textOf(explain(question({ path: '/reviews/1', headers: [['X-Group', 'test']] })))).toBe(
      `shop/productpage to reviews:9080 (10.96.0.11:9080), GET /reviews/1
  Route            testers  [TrafficPolicy shop/reviews, spec.routes[0]]
  Delay            2s for 10%  [TrafficPolicy shop/reviews, spec.routes[0].fault]
  Abort            503 for 5%  [TrafficPolicy shop/reviews, spec.routes[0].fault]
  Request header   remove x-debug  [TrafficPolicy shop/reviews, spec.routes[0].requestHeaders]
  Request header   set x-tester: 100%  [TrafficPolicy shop/reviews, spec.routes[0].requestHeaders]
  Backend          Service shop/reviews port 9080, subset v2: 10.0.0.2:9080 (plaintext)  [TrafficPolicy shop/reviews, spec.routes[0].backends]
  Balancing        LeastRequest  [default]
  Timeout          1500ms  [TrafficPolicy shop/reviews, spec.routes[0].timeout.request]
  Retries          1 on ConnectFailure, RefusedStream  [TrafficPolicy shop/defaults, spec.retry.attempts]
  Response header  add x-route: testers  [TrafficPolicy shop/reviews, spec.routes[0].responseHeaders]
  Access           no sidecar decides
`,
    );
  });

  test('names shares, and settings of several objects', () => {
    expect(textOf(explain(question()))).toBe(
      `shop/productpage to reviews:9080 (10.96.0.11:9080), GET /
  Route      reviews-2  [TrafficPolicy shop/reviews, spec.routes[2]]
  Backend    90% Service shop/reviews port 9080, subset v1: 10.0.0.1:9080 (mTLS)  [TrafficPolicy shop/reviews, spec.routes[2].backends]
             10% Service shop/reviews port 9080, subset v2: 10.0.0.2:9080 (plaintext)
  Balancing  LeastRequest  [default]
  Timeout    3s  [TrafficPolicy shop/reviews, spec.timeout.request]
  Retries    3 on ConnectFailure, GatewayError, 250ms per try  [TrafficPolicy shop/reviews, spec.routes[2].retry.attempts, spec.routes[2].retry.perTryTimeout, spec.routes[2].retry.retryOn]
  Access     allowed as spiffe://cluster.local/ns/shop/sa/productpage, at 10.0.0.1:9080
  Access     no sidecar decides, at 10.0.0.2:9080
`,
    );
  });

  test('says what is a default', () => {
    expect(textOf(explainer()(question()))).toBe(
      `shop/productpage to reviews:9080 (10.96.0.11:9080), GET /
  Route      default
  Backend    Service shop/reviews port 9080: 10.0.0.1:9080 (mTLS), 10.0.0.2:9080 (plaintext)
  Balancing  LeastRequest  [default]
  Timeout    none  [default]
  Retries    2 on ConnectFailure, RefusedStream  [default]
  Access     allowed as spiffe://cluster.local/ns/shop/sa/productpage, at 10.0.0.1:9080
  Access     no sidecar decides, at 10.0.0.2:9080
`,
    );
  });

  test('says who of the endpoints gets the request: zones, what is hashed, sessions and checks', () => {
    const zones = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: reviews-2, namespace: shop, labels: {kubernetes.io/service-name: reviews}}
addressType: IPv4
ports: [{name: http, port: 9080, protocol: TCP}]
endpoints:
- {addresses: [10.0.1.1], zone: a}
- {addresses: [10.0.1.2], zone: b}
---
apiVersion: v1
kind: Pod
metadata: {name: page, namespace: shop, labels: {topology.kubernetes.io/zone: a}, annotations: {meshwright.dev/injected: "1"}}
spec: {serviceAccountName: page, containers: [{name: app}]}
status: {phase: Running, podIP: 10.0.0.7}
`;
    const told = (...settings: readonly string[]): string => {
      const document = `
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: reviews, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: reviews}]
${settings.map((setting) => `  ${setting}`).join('\n')}
`;
      const text = textOf(explainer(zones, document)(question({ from: 'shop/page' })));
      return text
        .split('\n')
        .filter((row) => /^  (Backend|Balancing|Session)/.test(row))
        .join('\n');
    };

    expect(
      told(
        'locality: {type: Failover, failover: [{to: [b]}]}',
        'loadBalancer: {type: Maglev, hashOn: [{type: Header, name: x-user}, {type: Cookie, name: user}]}',
      ),
    ).toBe(
      `  Backend    Service shop/reviews port 9080: 10.0.1.1:9080 (plaintext, zone a); then 10.0.1.2:9080 (plaintext, zone b); then 10.0.0.1:9080 (mTLS), 10.0.0.2:9080 (plaintext)
  Balancing  Maglev of header x-user, else cookie user  [TrafficPolicy shop/reviews, spec.loadBalancer]`,
    );
    expect(
      told(
        'locality: {type: Weighted, weights: [{from: a, to: [{zone: a, weight: 3}, {zone: b, weight: 1}]}]}',
        'loadBalancer: {type: RoundRobin, slowStart: {window: 30s}, stickySession: {cookie: s}}',
        'healthCheck: {type: TCP}',
      ),
    ).toBe(
      `  Backend    Service shop/reviews port 9080: 10.0.1.1:9080 (plaintext, zone a with 75%), 10.0.1.2:9080 (plaintext, zone b with 25%); then 10.0.0.1:9080 (mTLS), 10.0.0.2:9080 (plaintext)
  Balancing  RoundRobin, new endpoints within 30s, without those that fail health checks  [TrafficPolicy shop/reviews, spec.loadBalancer]
  Session    at one endpoint, by cookie s  [TrafficPolicy shop/reviews, spec.loadBalancer]`,
    );
  });

  test('says who has nobody to answer', () => {
    const answer = explain(question({ path: '/empty' }));
    expect(textOf(answer)).toContain('subset v3: no endpoints, callers get a 503');
    expect(succeeds(answer.explanation)).toBe(false);
  });

  test('names what may refuse the call in front of the server, and who says so', () => {
    const limits = explainer(limited);

    expect(textOf(limits(question({ path: '/reviews/1' })))).toContain(
      `  Limit      10 requests per 1s, 20 at once for caller spiffe://cluster.local/ns/shop/sa/productpage; others get a 429, at 10.0.0.1:9080  [TrafficPolicy shop/limited, spec.limits[caller]]
  Admission  up to 80% get a 503 while less than 95% of at least 5 requests per second succeed within 30s, at 10.0.0.1:9080  [TrafficPolicy shop/limited, spec.admissionControl]
`,
    );
    expect(textOf(limits(question({ path: '/x/../slow' })))).toContain(
      '1 request per 1s for all callers together; others get a 429',
    );
    expect(textOf(limits(question({ path: '/slow/1' })))).toContain(
      '1 request per 1s for all callers together; others get a 429',
    );
  });

  test('a limit that changes is a change', () => {
    const { text } = reportChanges([question()], [explainer(), explainer(limited)], 'text');

    expect(text).toContain('1 of 1 calls change.');
  });

  test("says whose share is nobody's, and why", () => {
    const answer = explainer(moved)(question());
    expect(textOf(answer)).toContain(
      `  Backend    90% Service shop/ratings port 9080: no endpoints, callers get a 503  [TrafficPolicy shop/moved, spec.routes[0].backends]
             10% none, callers get a 503: TrafficPolicy shop/moved, route moved-0: No ReferenceGrant lets a TrafficPolicy of namespace shop refer to Service next/reviews.
`,
    );
    expect(succeeds(answer.explanation)).toBe(false);
  });

  test('tells TCP, and destinations outside the mesh', () => {
    expect(textOf(explain(question({ to: 'database:5432' })))).toContain(
      'TCP. Set appProtocol: http on the Service port if it serves HTTP.',
    );
    expect(textOf(explain(question({ to: 'example.com:443' })))).toContain('wherever the caller connects to');
  });
});

describe('a caller in a namespace with a policy for a Service of another one', () => {
  const tester = `
apiVersion: v1
kind: Pod
metadata: {name: tester, namespace: qa, annotations: {meshwright.dev/injected: "1"}}
spec: {serviceAccountName: tester, containers: [{name: app}]}
status: {phase: Running, podIP: 10.0.0.9}
`;
  const consumer = (spec: string): string => `
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: ours, namespace: qa}
spec: {targetRefs: [{kind: Service, namespace: shop, name: reviews}], ${spec}}
`;
  const ask = (spec: string, from: string): string =>
    textOf(explainer(policy, tester, consumer(spec))(question({ from, to: 'reviews.shop:9080' })));

  test('obeys it field by field: each names the object that says so', () => {
    const spec = 'timeout: {request: 1s}, retry: {attempts: 1}, loadBalancer: {type: Random}';

    expect(ask(spec, 'qa/tester')).toBe(
      `qa/tester to reviews.shop:9080 (10.96.0.11:9080), GET /
  Route      reviews-2  [TrafficPolicy shop/reviews, spec.routes[2]]
  Backend    90% Service shop/reviews port 9080, subset v1: 10.0.0.1:9080 (mTLS)  [TrafficPolicy shop/reviews, spec.routes[2].backends]
             10% Service shop/reviews port 9080, subset v2: 10.0.0.2:9080 (plaintext)
  Balancing  Random  [TrafficPolicy qa/ours, spec.loadBalancer]
  Timeout    1s  [TrafficPolicy qa/ours, spec.timeout.request]
  Retries    1 on ConnectFailure, GatewayError, 250ms per try  [TrafficPolicy qa/ours, spec.retry.attempts; TrafficPolicy shop/reviews, spec.routes[2].retry.perTryTimeout, spec.routes[2].retry.retryOn]
  Access     allowed as spiffe://cluster.local/ns/qa/sa/tester, at 10.0.0.1:9080
  Access     no sidecar decides, at 10.0.0.2:9080
`,
    );
    expect(ask(spec, 'shop/productpage')).not.toContain('qa/ours');
  });

  test('has its routes and subsets', () => {
    const spec = 'subsets: [{name: v1, matchLabels: {version: v2}}], routes: [{backends: [{subset: v1}]}]';

    expect(ask(spec, 'qa/tester')).toContain(
      `  Route      ours-0  [TrafficPolicy qa/ours, spec.routes[0]]
  Backend    Service shop/reviews port 9080, subset v1 of namespace qa: 10.0.0.2:9080 (plaintext)  [TrafficPolicy qa/ours, spec.routes[0].backends]
`,
    );
    expect(ask(spec, 'shop/productpage')).not.toContain('qa/ours');
  });
});

describe('the fields of a route that few requests are about', () => {
  const explain = explainer(`
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: reviews, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: reviews}]
  timeout: {idle: 60s, stream: 1h}
  retry: {attempts: 1, perTryTimeout: 200ms, hedge: true}
  routes:
  - name: api
    matches: [{method: PUT, path: {value: /api}}]
    cors: {allowOrigins: [{value: https://shop.example.com}]}
    upgrades: [WebSocket]
    fault: {bandwidth: {kibibytesPerSecond: 16}}
  - name: closed
    matches: [{path: {value: /closed}}]
    upgrades: []
`);
  const asks = (origin: string): Question =>
    question({
      method: 'OPTIONS',
      path: '/api',
      headers: [
        ['Origin', origin],
        ['Access-Control-Request-Method', 'PUT'],
      ],
    });

  test('are told', () => {
    const headers = [['Origin', 'https://shop.example.com']] as const;
    expect(textOf(explain(question({ method: 'PUT', path: '/api', headers })))).toBe(
      `shop/productpage to reviews:9080 (10.96.0.11:9080), PUT /api
  Route            api  [TrafficPolicy shop/reviews, spec.routes[0]]
  CORS             https://shop.example.com is allowed  [TrafficPolicy shop/reviews, spec.routes[0].cors]
  Bandwidth        16 KiB/s for 100%  [TrafficPolicy shop/reviews, spec.routes[0].fault]
  Backend          Service shop/reviews port 9080: 10.0.0.1:9080 (mTLS), 10.0.0.2:9080 (plaintext)  [TrafficPolicy shop/reviews, spec.routes[0].backends]
  Balancing        LeastRequest  [default]
  Timeout          3600s  [TrafficPolicy shop/reviews, spec.timeout.stream]
  Idle             60s  [TrafficPolicy shop/reviews, spec.timeout.idle]
  Retries          1 on ConnectFailure, RefusedStream, or after 200ms beside the first try  [TrafficPolicy shop/reviews, spec.retry.attempts, spec.retry.perTryTimeout, spec.retry.hedge]
  Response header  add vary: Origin  [TrafficPolicy shop/reviews, spec.routes[0].cors]
  Access           allowed as spiffe://cluster.local/ns/shop/sa/productpage, at 10.0.0.1:9080
  Access           no sidecar decides, at 10.0.0.2:9080
`,
    );
  });

  test.each([
    ['https://shop.example.com', 'https://shop.example.com is allowed', true],
    ['https://evil.example.com', 'https://evil.example.com is not allowed', false],
  ])('the question of a browser for a page of %s is answered', (origin, text, isSuccess) => {
    const answer = explain(asks(origin));
    expect(textOf(answer)).toContain(`the sidecar answers the preflight request: ${text}`);
    expect(succeeds(answer.explanation)).toBe(isSuccess);
  });

  test('an upgrade that is not permitted gets 403', () => {
    const wanting = (path: string, method = 'GET'): string =>
      textOf(explain(question({ path, method, headers: [['Upgrade', 'websocket']] })));
    expect(wanting('/closed')).toContain('Response  403');
    expect(wanting('/api', 'PUT')).not.toContain('403');
  });
});

describe('a caller', () => {
  test.each([
    'shop/productpage',
    'shop/reviews',
    'shop/reviews-v1',
    'shop/reviews-v2',
    '10.0.0.7',
    'fd00::7',
  ])('%s is found', (from) => {
    expect(() => explainer()(question({ from, to: 'reviews.shop:9080' }))).not.toThrow();
  });

  test.each([
    ['productpage', '--from productpage is not a workload. Write it as namespace/name, or as an address.'],
    ['shop/reviews-v4', 'Workload shop/reviews-v4 does not exist. Try shop/productpage, shop/reviews-v1.'],
    ['qa/a', 'Workload qa/a does not exist. No workload in namespace qa has a sidecar.'],
    ['10.0.0.7', '--to reviews has no namespace, and the caller none either. Write reviews.<namespace>.'],
  ])('%s is none', (from, message) => {
    expect(() => explainer()(question({ from }))).toThrow(message);
  });
});

describe('a destination', () => {
  test.each([
    'reviews:9080',
    'reviews.shop:9080',
    'reviews.shop.svc:9080',
    'REVIEWS.shop.svc.cluster.local.:9080',
    '10.96.0.11:9080',
  ])('%s is Service shop/reviews', (to) => {
    expect(explainer()(question({ to })).service).toBe('shop/reviews/9080');
  });

  test.each([
    ['reviews', 'Service shop/reviews has no port 80. Its ports are 9080.'],
    [
      'nobody:80',
      'Service shop/nobody does not exist. Write another Service, a full host name or an address.',
    ],
    ['reviews:0', '--to reviews:0 is not a destination. Write it as host:port.'],
    ['a:b:c', '--to a:b:c is not a destination. Write it as host:port.'],
  ])('%s is none', (to, message) => {
    expect(() => explainer()(question({ to }))).toThrow(message);
  });
});

test('without a Mesh there is nothing to explain', () => {
  expect(() => explainerOf(resourcesFromYaml('kind: Namespace\nmetadata: {name: shop}'))).toThrow(
    'There is no Mesh, so nothing is in the mesh. Create one.',
  );
});

test('policies that are not in effect are named', () => {
  const lost = policy.replace('kind: Service, name: reviews', 'kind: Service, name: nobody');
  const { warnings } = explainerOf(resourcesFromYaml(`${world}---\n${lost}`));

  expect(warnings[0]).toBe(
    'TrafficPolicy shop/reviews is not Accepted: Service shop/nobody does not exist. Create it, or fix targetRefs.',
  );
});

describe('for scripts', () => {
  const questions = [question(), question({ path: '/empty' })];

  test('a call that fails is exit code 1', () => {
    expect(reportAnswers([question()], explainer(policy), 'text').exitCode).toBe(0);
    expect(reportAnswers(questions, explainer(policy), 'text').exitCode).toBe(1);
  });

  test('JSON holds all of it', () => {
    const answers: unknown = JSON.parse(reportAnswers([question()], explainer(policy), 'json').text);

    expect(answers).toMatchObject([
      {
        caller: 'Pod/shop/productpage',
        service: 'shop/reviews/9080',
        explanation: { outcome: { type: 'Http', route: 'reviews-2', action: { timeoutMs: 3000 } } },
        sources: {
          'timeout.request': { object: 'TrafficPolicy shop/reviews', field: 'spec.timeout.request' },
        },
      },
    ]);
  });

  test('a difference names the calls that change, by what callers notice', () => {
    const report = reportChanges(questions, [explainer(policy), explainer(policy)], 'text');
    expect(report).toEqual({ exitCode: 0, text: '0 of 2 calls change.\n' });

    const slower = policy.replace('request: 3s', 'request: 4s');
    const { exitCode, text } = reportChanges(questions, [explainer(policy), explainer(slower)], 'text');
    expect(exitCode).toBe(1);
    expect(text).toMatch(/^2 of 2 calls change\.\n\nBefore: shop\/productpage to reviews:9080/);
    expect(text).toMatch(/Timeout +3s/);
    expect(text).toMatch(/Timeout +4s/);
  });
});
