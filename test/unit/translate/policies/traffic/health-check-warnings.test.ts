// Checks of health that rules of the server deny: the status of the policy says so.
import { describe, expect, test } from '@jest/globals';
import { translate } from '../../../../../operator/translate/translate.ts';
import { resourcesFromYaml, translateOptions } from '../../../../support/builders.ts';

const world = `
apiVersion: meshwright.dev/v1alpha1
kind: Mesh
metadata: {name: default}
spec: {}
---
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http, port: 9080, targetPort: http}]}
---
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {name: reviews, namespace: shop, labels: {app: reviews}}
spec: {address: 10.0.0.1, serviceAccount: reviews, ports: [{name: http, port: 9080, appProtocol: http}]}
---
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {name: page, namespace: shop}
spec: {address: 10.0.0.2, serviceAccount: page}
---
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {name: batch, namespace: shop}
spec: {address: 10.0.0.3, serviceAccount: batch}
`;

/** Of a policy with the health check, beside these rules for reviews; '' for none. */
function warning(healthCheck: string, rules: string, more = ''): string {
  const policies = `
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: reviews, namespace: shop}
spec: {targetRefs: [{kind: Service, name: reviews}], healthCheck: ${healthCheck}}
---
apiVersion: meshwright.dev/v1alpha1
kind: SecurityPolicy
metadata: {name: reviews, namespace: shop}
spec: {targetRefs: [{kind: Service, name: reviews}], authorization: {rules: ${rules}}}
`;
  const { verdicts } = translate(resourcesFromYaml(`${world}---\n${policies}${more}`), translateOptions);
  const { conditions = [] } = verdicts.find(({ origin }) => origin.kind === 'TrafficPolicy') ?? {};
  return conditions.find(({ type }) => type === 'Warning')?.message ?? '';
}

const byHttp = '{type: HTTP, path: /healthz?full=1}';
const page = 'from: [{serviceAccounts: [shop/page]}]';
const allowed = (to: string): string => `[{name: a, action: Allow, ${page}, to: [${to}]}]`;
const denied = (callers: string, to = ''): string => `[{name: d, action: Deny, ${callers}${to}}]`;

test.each([
  ['all requests of the caller', `[{name: a, action: Allow, ${page}}]`],
  ['the path', allowed('{paths: [{type: Exact, value: /healthz}]}')],
  ['a path above it', allowed('{paths: [{type: PathPrefix, value: /}]}')],
  ['an expression', allowed("{paths: [{type: RegularExpression, value: '/health.*'}]}")],
  ['the path in another case', allowed('{paths: [{type: Exact, value: /HealthZ, ignoreCase: true}]}')],
  ['the method', allowed('{methods: [GET]}')],
  ['nothing of other callers, and all of this one', denied('from: [{serviceAccounts: [shop/batch]}]')],
])('allowed: %s', (_, rules) => {
  expect(warning(byHttp, rules)).toBe('');
});

test.each([
  ['another path', allowed('{paths: [{type: PathPrefix, value: /reviews}]}')],
  ['a path below it', allowed('{paths: [{type: Exact, value: /healthz/a}]}')],
  ['another method', allowed('{methods: [POST]}')],
  ['no path like this', denied(page, ', to: [{paths: [{value: /healthz}]}]')],
])('denied: %s', (_, rules) => {
  expect(warning(byHttp, rules)).toBe(
    'SecurityPolicies deny the health checks of shop/page at shop/reviews/9080, so its endpoints count as unhealthy there. Allow GET /healthz for these callers.',
  );
});

test('the check of gRPC is a request, too; that of TCP is none', () => {
  const rules = allowed('{paths: [{type: PathPrefix, value: /shop.v1.Reviews}]}');

  expect(warning('{type: GRPC}', rules)).toContain('Allow POST /grpc.health.v1.Health/Check');
  expect(warning('{type: TCP}', rules)).toBe('');
});

test('endpoints of other namespaces, and of nobody, are not checked', () => {
  const slice = `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: by-hand, namespace: shop, labels: {kubernetes.io/service-name: reviews}}
addressType: IPv4
ports: [{name: http, port: 9080, protocol: TCP}]
endpoints: [{addresses: [10.0.0.9]}, {addresses: [10.0.1.1]}]
---
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {name: server, namespace: other}
spec: {address: 10.0.1.1, serviceAccount: server, ports: [{name: http, port: 9080, appProtocol: http}]}
`;

  expect(warning('{type: TCP}', '[]', slice)).toBe(
    'healthCheck has no effect on endpoints 10.0.0.9, 10.0.1.1 of shop/reviews/9080, because they are not workloads of namespace shop. They count as healthy. Describe them as ExternalWorkloads of that namespace.',
  );
});

describe('where tokens are required', () => {
  const jwks =
    '{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}';
  const tokens = (more: string): string => `---
apiVersion: meshwright.dev/v1alpha1
kind: SecurityPolicy
metadata: {name: tokens, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: reviews}]
  authentication: {jwt: [{name: corp, issuer: corp, audiences: [shop], jwks: {inline: '${jwks}'}}]${more}}
`;

  test('a check, which has none, is told with what to do', () => {
    expect(warning('{type: HTTP, path: /healthz}', '[{name: a, action: Allow}]', tokens(''))).toBe(
      'SecurityPolicies require a token for GET /healthz, and health checks of shop/reviews/9080 carry none, so its endpoints count as unhealthy. Add the request to authentication.exceptions.',
    );
  });

  test('nothing is told of an exception', () => {
    const exceptions = ', exceptions: [{paths: [{type: Exact, value: /healthz}]}]';

    expect(warning('{type: HTTP, path: /healthz}', '[{name: a, action: Allow}]', tokens(exceptions))).toBe(
      '',
    );
  });

  test('a rule that allows who has one allows no check', () => {
    const optional = ', mode: Optional';
    const rules = '[{name: a, action: Allow, from: [{jwt: {provider: corp}}]}]';
    const own = tokens(optional).replace('targetRefs', `authorization: {rules: ${rules}}\n  targetRefs`);

    expect(warning('{type: HTTP, path: /healthz}', '[]', own)).toContain(
      'SecurityPolicies deny the health checks of shop/batch, shop/page, shop/reviews',
    );
  });
});
