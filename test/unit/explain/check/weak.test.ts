// Rules that decide about nothing, keys and certificates that grow old, and who is called without a sidecar.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Finding } from '../../../../operator/explain/check/finding.ts';
import { findingsIn, type Known } from '../../../../operator/explain/check/findings.ts';
import { type OperatorView, readOperatorView } from '../../../../operator/explain/check/operator-view.ts';
import { storedData, storedName } from '../../../../operator/jwks/stored-keys.ts';
import { keySourcesOf } from '../../../../operator/translate/policies/security/key-sources.ts';
import { resourcesFromYaml } from '../../../support/builders.ts';
import { certificates as testCertificates } from '../../../support/data-plane/https-issuer.ts';

const world = readFileSync('test/golden/features/world.yaml', 'utf8');
const nowMs = Date.parse('2026-11-29T12:00:00Z');

function policy(kind: string, spec: string): string {
  return `
apiVersion: meshwright.dev/v1alpha1
kind: ${kind}
metadata: {name: guard, namespace: shop}
spec: {targetRefs: [{kind: Service, name: reviews}], ${spec}}
`;
}

const rules = (...items: readonly string[]): string =>
  policy('SecurityPolicy', `mtls: {mode: Strict}, authorization: {rules: [${items.join(', ')}]}`);
const page =
  '{name: page, action: Allow, from: [{serviceAccounts: [shop/productpage]}], to: [{paths: [{value: /a}]}]}';

function found(
  type: Finding['type'],
  manifests: readonly string[],
  known: Partial<Known> = {},
): readonly string[] {
  const all = findingsIn(resourcesFromYaml([world, ...manifests].join('---\n')), {
    nowMs,
    operator: null,
    isImagined: false,
    ...known,
  });
  return all.filter((one) => one.type === type).map(({ message }) => message);
}

describe('an Allow rule that lets nobody in, because a Deny rule', () => {
  test.each([
    '{name: no, action: Deny}',
    '{name: no, action: Deny, from: [{namespaces: [shop]}]}',
    '{name: no, action: Deny, from: [{serviceAccounts: [shop/productpage]}]}',
    '{name: no, action: Deny, to: [{paths: [{type: PathPrefix, value: /}]}]}',
    '{name: no, action: Deny, to: [{paths: [{value: /b}]}, {paths: [{value: /a}]}]}',
  ])('denies all that it allows: %s', (deny) => {
    expect(found('UnusedRule', [rules(page, deny)])).toEqual([
      'Rule page of SecurityPolicy shop/guard lets nobody in: Rule no of SecurityPolicy shop/guard denies all that it allows. Remove one of them.',
    ]);
  });

  test.each([
    '{name: no, action: Deny, to: [{methods: [POST]}]}',
    '{name: no, action: Deny, to: [{paths: [{value: /b}]}]}',
    '{name: no, action: Deny, to: [{headers: [{name: a, value: b}]}]}',
    '{name: no, action: Deny, from: [{namespaces: [shop], ipBlocks: [10.0.0.0/8]}]}',
    '{name: no, action: Deny, from: [{namespaces: [qa]}]}',
    '{name: no, action: Deny, from: [{not: {serviceAccounts: [shop/productpage]}}]}',
  ])('leaves something: %s', (deny) => {
    expect(found('UnusedRule', [rules(page, deny)])).toEqual([]);
  });
});

describe('a rule about a path', () => {
  const elsewhere = (matches: string, more = ''): string =>
    policy(
      'TrafficPolicy',
      `routes: [${more}{name: away, matches: [${matches}], redirect: {path: {type: ReplaceFullPath, value: /x}}}]`,
    );
  const said =
    'Rule page of SecurityPolicy shop/guard is about paths that routes lead elsewhere: no caller with a sidecar reaches shop/reviews by them. Correct the paths, or remove the rule.';

  test.each([
    '{path: {value: /a}}',
    '{path: {type: PathPrefix, value: /}}',
    '{path: {value: /b}}, {path: {value: /a}}',
  ])('that goes elsewhere: %s', (matches) => {
    expect(found('UnusedRule', [rules(page), elsewhere(matches)])).toEqual([said]);
  });

  test.each([
    ['{path: {value: /b}}', ''],
    ['{path: {type: PathPrefix, value: /a/b}}', ''],
    ['{path: {value: /a}, method: GET}', ''],
    ['{path: {type: RegularExpression, value: /b}}', ''],
    ['{path: {value: /a}}', '{name: here, matches: [{path: {value: /a}}], backends: [{weight: 1}]}, '],
    [
      '{path: {value: /a}}',
      '{name: here, matches: [{path: {value: /b}}], rewrite: {path: {type: ReplaceFullPath, value: /a}}, backends: [{weight: 1}]}, ',
    ],
  ])('that may come: %s%s', (matches, more) => {
    expect(found('UnusedRule', [rules(page), elsewhere(matches, more)])).toEqual([]);
  });
});

function view(parts: Partial<OperatorView> = {}): OperatorView {
  return { sinceMs: nowMs - 3_600_000, rules: new Set(), called: new Set(), certificates: [], ...parts };
}

describe('what a running operator knows', () => {
  test('rules that matched no request', () => {
    const other = '{name: other, action: Deny, to: [{methods: [DELETE]}]}';
    const used = { operator: view({ rules: new Set(['shop/guard/page']) }) };

    expect(found('UnusedRule', [rules(page, other)], used)).toEqual([
      'Rule other of SecurityPolicy shop/guard matched no request since 2026-11-29 11:00 UTC. If that is longer than its callers may be silent, remove it.',
    ]);
    expect(
      found('UnusedRule', [rules(page, other)], { operator: view({ rules: new Set(['other']) }) }),
    ).toEqual([]);
    expect(found('UnusedRule', [rules(page, other)])).toEqual([]);
  });

  test('certificates that expire soon', () => {
    const hours = (count: number): number => nowMs + count * 3_600_000;
    const certificates = [
      { kind: 'root', namespace: '', endMs: hours(24 * 29) },
      { kind: 'intermediate', namespace: '', endMs: hours(24 * 31) },
      { kind: 'leaf', namespace: '', endMs: hours(6) },
      { kind: 'workload', namespace: 'shop', endMs: hours(4) },
      { kind: 'workload', namespace: 'qa', endMs: hours(-1) },
    ] as const;

    expect(found('Expiring', [], { operator: view({ certificates }) })).toEqual([
      'The root certificate of the mesh expires at 2026-12-28 12:00 UTC. See the condition AuthorityHealthy of the Mesh, and docs/certificates.md on how a root is replaced.',
      'The first workload certificate of namespace shop expires at 2026-11-29 16:00 UTC. It should have been renewed by now: see the conditions Ready and AuthorityHealthy of the Mesh.',
      'The first workload certificate of namespace qa expired at 2026-11-29 11:00 UTC. It should have been renewed by now: see the conditions Ready and AuthorityHealthy of the Mesh.',
    ]);
  });

  test('is read from its pages', () => {
    const traffic = {
      since: '2026-11-29T11:00:00.000Z',
      until: '2026-11-29T12:00:00.000Z',
      edges: [
        { direction: 'inbound', source: 'a' },
        { direction: 'outbound', destination: 'old/legacy/80' },
      ],
      rules: [{ rule: 'shop/guard/page', requests: 3 }],
    };
    const metrics = `# HELP
meshwright_certificate_expiry_timestamp_seconds{certificate="root"} 2100000000
meshwright_workload_certificate_expiry_timestamp_seconds{namespace="shop"} 1.8e+9
meshwright_xds_streams 3`;

    expect(readOperatorView(JSON.stringify(traffic), metrics)).toEqual({
      sinceMs: nowMs - 3_600_000,
      rules: new Set(['shop/guard/page']),
      called: new Set(['old/legacy/80']),
      certificates: [
        { kind: 'root', namespace: '', endMs: 2_100_000_000_000 },
        { kind: 'workload', namespace: 'shop', endMs: 1_800_000_000_000 },
      ],
    });
  });
});

const legacy = `
apiVersion: v1
kind: Service
metadata: {name: legacy, namespace: old}
spec: {clusterIP: 10.96.0.99, selector: {app: legacy}, ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: legacy-1, namespace: old, labels: {kubernetes.io/service-name: legacy}}
addressType: IPv4
ports: [{name: http, port: 80, protocol: TCP}]
endpoints: [{addresses: [10.0.9.9], conditions: {ready: true}}]
`;

test('a workload outside the mesh is told if it was called', () => {
  const said = expect.stringMatching(/^Service old\/legacy has endpoints without a sidecar: 10\.0\.9\.9\./);

  expect(found('NoSidecar', [legacy])).not.toContainEqual(said);
  expect(
    found('NoSidecar', [legacy], { operator: view({ called: new Set(['old/legacy/80']) }) }),
  ).toContainEqual(said);
});

describe('keys of an issuer', () => {
  const jwt = '[{name: corp, issuer: https://issuer.example, jwks: {uri: https://issuer.example/keys}}]';
  const manifest = policy('SecurityPolicy', `authentication: {jwt: ${jwt}}`);
  const stored = (fetchedMs: number): string => {
    const [source] = keySourcesOf(resourcesFromYaml(manifest).securityPolicies).all;
    const key = { kty: 'OKP', crv: 'Ed25519', kid: 'a', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
    const data = storedData('', { keys: [key], sinceMs: 0, fetchedMs, endpoints: null });
    const metadata = { name: storedName(source?.id ?? ''), namespace: 'meshwright-system' };
    return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
  };

  test('were fetched lately, never, or long ago', () => {
    expect(found('StaleKeys', [manifest, stored(nowMs - 3_600_000)])).toEqual([]);
    expect(found('StaleKeys', [manifest, stored(nowMs - 24 * 3_600_000)])).toEqual([
      'The keys at https://issuer.example/keys (shop/guard/corp) were last fetched at 2026-11-28 12:00 UTC, so tokens that are signed with newer keys are refused. The condition KeysFetched of the policy says why.',
    ]);
    expect(found('StaleKeys', [manifest])).toEqual([
      'The keys at https://issuer.example/keys (shop/guard/corp) were never fetched, so all of its tokens are refused. The condition KeysFetched of the policy says why.',
    ]);
    expect(found('StaleKeys', [manifest], { isImagined: true })).toEqual([]);
  });
});

test('a CA in any caBundle of policies and the Mesh that expires soon', async () => {
  const caBundle = `caBundle: ${JSON.stringify((await testCertificates()).ca)}`;
  const jwt = `[{name: corp, issuer: https://issuer.example, jwks: {uri: https://issuer.example/keys, ${caBundle}}}]`;
  const login = `{oidc: {provider: corp, clientId: shop, clientSecretKey: corp, redirectURI: "https://shop.example/callback", ${caBundle}}}`;
  const manifests = [
    policy('SecurityPolicy', `authentication: {jwt: ${jwt}, login: ${login}}`),
    `
apiVersion: meshwright.dev/v1alpha1
kind: Mesh
metadata: {name: other}
spec:
  certificates: {authority: {type: CertManager, issuerRef: {name: corp}, ${caBundle}}}
  outbound: {hosts: [{host: api.example, ports: [{port: 443, protocol: TLS, tls: {${caBundle}}}]}]}
`,
  ];
  const at = (ms: number): readonly string[] => found('Expiring', manifests, { nowMs: ms });

  const bundle = 'Add the new CA to the bundle.';
  expect(at(Date.now()).map((text) => text.replace(/: the last expires at .* UTC\./, ' …'))).toEqual([
    `The CA certificates in authentication.jwt[corp].jwks.caBundle of SecurityPolicy shop/guard … ${bundle}`,
    `The CA certificates in authentication.login.oidc.caBundle of SecurityPolicy shop/guard … ${bundle}`,
    'The CA certificates in certificates.authority.caBundle of the Mesh … See the condition AuthorityHealthy of the Mesh, and docs/certificates.md on how a root is replaced.',
    `The CA certificates in outbound.hosts[api.example].ports[443].tls.caBundle of the Mesh … ${bundle}`,
  ]);
  expect(at(Date.now() - 60 * 24 * 3_600_000)).toEqual([]);
});

test('a Deny rule whose callers nobody is', () => {
  const gone = '[{name: gone, action: Deny, from: [{serviceAccounts: [shop/gone]}]}]';
  const ignoring = (unidentified: string): string =>
    policy('SecurityPolicy', `authorization: {unidentified: ${unidentified}, rules: ${gone}}`);

  expect(found('MatchesNobody', [ignoring('Ignore')])).toEqual([
    'Rule gone of SecurityPolicy shop/guard matches nobody: no workload with a sidecar has such an identity. Correct its callers, or remove it.',
  ]);
  // It refuses callers without an identity.
  expect(found('MatchesNobody', [ignoring('Deny')])).toEqual([]);
});

test('a login without its Secret', () => {
  const login =
    'login: {oidc: {provider: corp, clientId: shop, clientSecretKey: corp, redirectURI: "https://shop.example/callback", authorizationEndpoint: "https://issuer.example/a", tokenEndpoint: "https://issuer.example/t"}}';
  const jwt = '[{name: corp, issuer: https://issuer.example, jwks: {uri: https://issuer.example/keys}}]';

  expect(
    found('NotInEffect', [policy('SecurityPolicy', `authentication: {jwt: ${jwt}, ${login}}`)]),
  ).toContainEqual(expect.stringMatching(/^The login of SecurityPolicy shop\/guard is not ready: /));
});
