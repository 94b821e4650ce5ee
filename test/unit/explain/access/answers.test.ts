// Who is let in, and how it is told. That Envoy does the same is seen in test/integration/explain-access.test.ts.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { describedToken } from '../../../../operator/explain/access/described-token.ts';
import { type Answer, type Explain, explainerOf } from '../../../../operator/explain/answer.ts';
import { imaginedCluster } from '../../../../operator/explain/imagined.ts';
import type { Question } from '../../../../operator/explain/question.ts';
import { reportAnswers, reportChanges } from '../../../../operator/explain/report.ts';
import { textOf } from '../../../../operator/explain/text.ts';
import { resourcesFromYaml } from '../../../support/builders.ts';

const world = readFileSync('test/golden/features/world.yaml', 'utf8');
const database = `
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {clusterIP: 10.96.0.20, selector: {app: db}, ports: [{port: 5432, appProtocol: tcp}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: db-1, namespace: shop, labels: {kubernetes.io/service-name: db}}
addressType: IPv4
ports: [{port: 5432, protocol: TCP}]
endpoints: [{addresses: [10.0.0.20], conditions: {ready: true}, targetRef: {kind: Pod, namespace: shop, name: db}}]
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}, annotations: {meshwright.dev/injected: "1"}}
spec: {serviceAccountName: db, containers: [{name: app, ports: [{containerPort: 5432}]}]}
status: {phase: Running, podIP: 10.0.0.20}
`;
const key =
  '{"kty":"EC","crv":"P-256","kid":"1","x":"pHeulMdU1WiHux0G39bjAAfWdqq3BmpZardGE3MjrJg","y":"3jXDRkNcp6ieDoi2dyX3l3rJtg_-OpEHDYP_WarGeIw"}';
const tokens = `authentication: {jwt: [{name: company, issuer: https://issuer.example, audiences: [reviews], jwks: {inline: '{"keys":[${key}]}'}}], exceptions: [{paths: [{value: /public}]}]}`;

function policy(spec: string, service = 'reviews', name = 'guard'): string {
  return `
apiVersion: meshwright.dev/v1alpha1
kind: SecurityPolicy
metadata: {name: ${name}, namespace: shop}
spec: {targetRefs: [{kind: Service, name: ${service}}], ${spec}}
`;
}

function explainer(...documents: readonly string[]): Explain {
  return explainerOf(resourcesFromYaml([world, database, ...documents].join('---\n'))).explain;
}

type Asked = Partial<Question>;

function question(parts: Asked): Question {
  return { from: 'shop/productpage', to: 'reviews:9080', method: 'GET', path: '/', headers: [], ...parts };
}

/** Lines about access, of the endpoint that has a sidecar. */
function told(spec: string, parts: Asked = {}, service = 'reviews'): string {
  const answer = explainer(policy(spec, service))(question(parts));
  const guarded: Answer = {
    ...answer,
    access: answer.access.filter(({ access }) => access !== null).map((one) => ({ ...one, endpoints: null })),
  };
  return textOf(guarded)
    .split('\n')
    .filter((row) => /^  (?:Access|Token|On trial)/.test(row))
    .map((row) => row.trim().replaceAll(/ {2,}/g, ' '))
    .join('\n');
}

const page = 'as spiffe://cluster.local/ns/shop/sa/productpage';
const plaintext = 'in plaintext, without an identity';
const rules = (...items: readonly string[]): string => `authorization: {rules: [${items.join(', ')}]}`;
const allowPage = '{name: page, action: Allow, from: [{serviceAccounts: [shop/productpage]}]}';
const noAdmin = '{name: no-admin, action: Deny, to: [{paths: [{value: /admin}]}]}';
const outside: Asked = { from: '192.0.2.7', to: 'reviews.shop:9080' };

describe('of a request it is said who lets it in, or refuses it, and why', () => {
  test.each<readonly [string, string, Asked, string]>([
    ['nobody refuses it', 'mtls: {mode: Permissive}', {}, `Access allowed ${page}`],
    ['nobody has to say who it is', 'mtls: {mode: Permissive}', outside, `Access allowed ${plaintext}`],
    [
      'an Allow rule',
      rules(allowPage, noAdmin),
      {},
      `Access allowed ${page}, by rule shop/guard/page [SecurityPolicy shop/guard, spec.authorization.rules[page]]`,
    ],
    [
      'a Deny rule, in some reading of the path',
      rules(allowPage, noAdmin),
      { path: '/x/..%2fadmin' },
      `Access refused with 403 ${page}: Deny rule shop/guard/no-admin matches [SecurityPolicy shop/guard, spec.authorization.rules[no-admin]]`,
    ],
    [
      'nobody allows it',
      rules(allowPage),
      outside,
      `Access refused with 403 ${plaintext}: no Allow rule matches [SecurityPolicy shop/guard, spec.authorization]`,
    ],
    [
      'plaintext under Strict',
      'mtls: {mode: Strict}',
      outside,
      `Access refused with 403 ${plaintext}: mutual TLS is required [SecurityPolicy shop/guard, spec.mtls]`,
    ],
    [
      'plaintext to a port that is Strict',
      'mtls: {ports: [{port: 9080, mode: Strict}]}',
      outside,
      `Access refused with 403 ${plaintext}: mutual TLS is required [SecurityPolicy shop/guard, spec.mtls.ports[9080]]`,
    ],
    [
      'plaintext to a port that is not',
      'mtls: {mode: Strict, ports: [{port: 9080, mode: Permissive}]}',
      outside,
      `Access allowed ${plaintext}`,
    ],
    [
      'a header that sidecars write',
      rules("{name: id, action: Deny, to: [{headers: [{name: x-request-id, value: '1'}]}]}"),
      {},
      `Access not decided here, ${page}: Rule shop/guard/id depends on a header that sidecars write, or on the address of the caller, which are not known here.`,
    ],
    [
      'such a header does not matter where another rule refuses',
      rules("{name: id, action: Deny, to: [{headers: [{name: x-request-id, value: '1'}]}]}", noAdmin),
      { path: '/admin' },
      `Access refused with 403 ${page}: Deny rule shop/guard/no-admin matches [SecurityPolicy shop/guard, spec.authorization.rules[no-admin]]`,
    ],
    [
      'rules on trial',
      `authorization: {enforcement: Audit, rules: [${noAdmin}, {name: qa, action: Allow, from: [{namespaces: [qa]}]}]}`,
      { path: '/admin' },
      `Access allowed ${page}
On trial would be refused: Deny rule shop/guard/no-admin matches [SecurityPolicy shop/guard, spec.authorization.rules[no-admin]]
On trial would be refused: no Allow rule matches`,
    ],
  ])('%s', (_, spec, asked, expected) => {
    expect(told(spec, asked)).toBe(expected);
  });
});

describe('of an external authorizer it is said that it is asked', () => {
  const asking = (service: string, more = ''): string =>
    `authorization: {external: {service: {name: ${service}, port: 9080}, protocol: HTTP${more}}}`;
  const source = '[SecurityPolicy shop/guard, spec.authorization.external]';
  const id = 'shop/guard/external-authorizer';

  test.each<readonly [string, string, Asked, string]>([
    [
      'about every request',
      asking('ratings'),
      {},
      `Access not decided here, ${page}: External authorizer ${id} is asked. ${source}`,
    ],
    ['about some', asking('ratings', ', to: [{methods: [POST]}]'), {}, `Access allowed ${page}`],
    [
      'but not about what climbs out of its prefix',
      asking('ratings', ', pathPrefix: /auth'),
      { path: '/../x' },
      `Access refused with 403 ${page}: the path climbs (..), and no external authorizer is asked about such a path ${source}`,
    ],
    [
      'and where there is none, nobody gets in',
      asking('nobody'),
      {},
      `Access refused with 403 ${page}: Deny rule ${id} matches ${source}`,
    ],
  ])('%s', (_, spec, asked, expected) => {
    expect(told(spec, asked)).toBe(expected);
  });
});

describe('of a token it is said which one is needed, and whether the one sent will do', () => {
  const accepted = 'Accepted: https://issuer.example for reviews in header authorization after "Bearer "';
  const source = '[SecurityPolicy shop/guard, spec.authentication]';
  const claims = (said: object): Asked => {
    const token = describedToken(JSON.stringify({ iss: 'https://issuer.example', ...said }));
    return token === null ? {} : { token };
  };

  test.each<readonly [string, Asked, string]>([
    [
      'none',
      {},
      `Access refused with 401 ${page}: a token is required ${source}\nToken required, and none is sent. ${accepted} ${source}`,
    ],
    [
      'none, where none is needed',
      { path: '/public' },
      `Access allowed ${page}\nToken none is sent, and none required. ${accepted}`,
    ],
    [
      'one that is valid',
      claims({ aud: 'reviews' }),
      `Access allowed ${page}\nToken valid. ${accepted} ${source}`,
    ],
    [
      'one for somebody else',
      claims({ aud: 'ratings' }),
      `Access refused with 403 ${page}: the token is not accepted ${source}\nToken invalid: Its audience is ratings. ${accepted}`,
    ],
    [
      'one of another issuer',
      claims({ iss: 'https://other.example' }),
      `Access refused with 401 ${page}: the token is not accepted ${source}\nToken invalid: Its issuer is https://other.example. ${accepted}`,
    ],
    [
      'one that nobody signed',
      {
        headers: [
          [
            'authorization',
            `Bearer ${describedToken('{"iss":"https://issuer.example","exp":9,"aud":"reviews"}')?.text}`,
          ],
        ],
      },
      `Access refused with 401 ${page}: the token is not accepted ${source}\nToken invalid: No key of its issuer has signed it. ${accepted}`,
    ],
  ])('%s', (_, asked, expected) => {
    expect(told(tokens, asked)).toBe(expected);
  });

  test('rules see its claims', () => {
    const both = `${tokens}, ${rules('{name: ann, action: Allow, from: [{jwt: {claims: [{path: [realm, roles], values: [admin]}]}}]}')}`;

    expect(told(both, claims({ aud: 'reviews', realm: { roles: ['admin'] } }))).toContain(
      'by rule shop/guard/ann',
    );
    expect(told(both, claims({ aud: 'reviews', realm: { roles: ['guest'] } }))).toContain(
      'no Allow rule matches',
    );
  });
});

describe('of a connection to a TCP port', () => {
  const to = 'db.shop:5432';
  const allowed = rules('{name: page, action: Allow, from: [{serviceAccounts: [shop/productpage]}]}');
  const denied = rules('{name: page, action: Deny, from: [{serviceAccounts: [shop/productpage]}]}');
  const source = '[SecurityPolicy shop/guard, spec.authorization]';

  test.each<readonly [string, string, Asked, string]>([
    ['an identity that a rule allows', allowed, {}, `Access allowed ${page}`],
    [
      'one that a rule denies',
      denied,
      {},
      `Access connection refused ${page}: no Allow rule matches ${source}`,
    ],
    [
      'none, where only some are allowed',
      allowed,
      { from: '192.0.2.7' },
      `Access connection refused ${plaintext}: mutual TLS is required [Mesh default, spec.mtls]`,
    ],
    [
      'none, under Strict',
      'mtls: {mode: Strict}',
      { from: '192.0.2.7' },
      `Access connection refused ${plaintext}: mutual TLS is required [SecurityPolicy shop/guard, spec.mtls]`,
    ],
  ])('%s', (_, spec, asked, expected) => {
    expect(told(spec, { to, ...asked }, 'db')).toBe(expected);
  });
});

describe('who calls without a sidecar', () => {
  test('reaches an endpoint in plaintext, and none of the routes', () => {
    expect(textOf(explainer()(question({ from: 'shop/reviews-v2' })))).toBe(
      `shop/reviews-v2 to reviews:9080 (10.96.0.11:9080), GET /
  Route    none: the caller has no sidecar
  Backend  Service shop/reviews port 9080: 10.0.0.1:9080 (plaintext), 10.0.0.2:9080 (plaintext)
  Access   allowed ${plaintext}, at 10.0.0.1:9080
  Access   no sidecar decides, at 10.0.0.2:9080
`,
    );
  });

  test('and whoever calls a pod by its address reaches its sidecar, too', () => {
    const strict = explainer(policy('mtls: {mode: Strict}'));

    expect(textOf(strict(question({ to: '10.0.0.1:9080' })))).toContain(
      `refused with 403 ${plaintext}: mutual TLS is required`,
    );
  });
});

describe('the exit code', () => {
  test('is 3 where the sidecar of a server refuses a call', () => {
    const { exitCode, text } = reportAnswers([question({})], explainer(policy(rules())), 'json');

    expect(exitCode).toBe(3);
    expect(JSON.parse(text)).toMatchObject([
      {
        access: [
          {
            access: {
              identity: 'spiffe://cluster.local/ns/shop/sa/productpage',
              verdict: { type: 'Refused', by: 'Allow', status: 403, rule: null },
              token: null,
              onTrial: [],
            },
            endpoints: ['10.0.0.1:9080'],
            sources: [{ object: 'SecurityPolicy shop/guard', field: 'spec.authorization' }],
          },
          { access: null, endpoints: ['10.0.0.2:9080'] },
        ],
      },
    ]);
  });

  test('is 1 with --diff where access changes: who is let in, how, and who would be refused', () => {
    const changes = (before: string, after: string): number =>
      reportChanges([question({})], [explainer(policy(before)), explainer(policy(after))], 'text').exitCode;

    expect(changes(rules(allowPage), rules())).toBe(1);
    expect(changes('mtls: {mode: Permissive}', 'mtls: {mode: Disabled}')).toBe(1);
    expect(changes('mtls: {mode: Permissive}', 'authorization: {enforcement: Audit, rules: []}')).toBe(1);
    expect(changes(rules(allowPage), rules(allowPage, noAdmin))).toBe(0);
  });
});

describe('a login', () => {
  const login =
    'login: {oidc: {provider: company, clientId: reviews, authorizationEndpoint: "https://issuer.example/authorize", tokenEndpoint: "https://issuer.example/token", redirectURI: "https://shop.example/callback"}}';
  const withLogin = tokens.replace(/\}$/, `, ${login}}`);

  test('is told where a token is missing, since a call has no session', () => {
    const resources = imaginedCluster(resourcesFromYaml([world, database, policy(withLogin)].join('---\n')));
    const text = textOf(explainerOf(resources).explain(question({})));

    expect(text).toContain('refused with 401');
    expect(text).toContain(
      'Browsers that load it as a page are sent to https://issuer.example/authorize to log in.',
    );
    expect(text).toContain('the session of a login');
    expect(text).not.toContain('imagined-secret');
  });

  test('is none for what needs no token', () => {
    const resources = imaginedCluster(resourcesFromYaml([world, database, policy(withLogin)].join('---\n')));

    expect(textOf(explainerOf(resources).explain(question({ path: '/public' })))).not.toContain('to log in');
  });
});
