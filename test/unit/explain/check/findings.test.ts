// What is weak in a mesh, and what to do about it.
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { readCheckOptions } from '../../../../operator/explain/check/check-options.ts';
import { reportFindings } from '../../../../operator/explain/check/check-report.ts';
import type { Finding } from '../../../../operator/explain/check/finding.ts';
import { findingsIn, type Known } from '../../../../operator/explain/check/findings.ts';
import { resourcesFromYaml } from '../../../support/builders.ts';

const world = readFileSync('test/golden/features/world.yaml', 'utf8');

function policy(spec: string): string {
  return `
apiVersion: meshwright.dev/v1alpha1
kind: SecurityPolicy
metadata: {name: guard, namespace: shop}
spec: {targetRefs: [{kind: Namespace, name: shop}], ${spec}}
`;
}

const known: Known = { nowMs: Date.parse('2026-11-29T12:00:00Z'), operator: null, isImagined: false };

function findings(...specs: readonly string[]): readonly Finding[] {
  return findingsIn(resourcesFromYaml([world, ...specs.map(policy)].join('---\n')), known);
}

const rules = (...items: readonly string[]): string =>
  `mtls: {mode: Strict}, authorization: {rules: [${items.join(', ')}]}`;
const page = '{name: page, action: Allow, from: [{serviceAccounts: [shop/productpage]}]}';
const noSidecar: Finding = {
  type: 'NoSidecar',
  message:
    'Service shop/reviews has endpoints without a sidecar: shop/reviews-v2. Calls to them are plaintext, and no policy protects them. ' +
    'Restart the pods in a namespace with the label meshwright.dev/mesh=enabled.',
};

test('without a policy, ports take plaintext and any caller', () => {
  expect(findings()).toEqual([
    {
      type: 'Plaintext',
      message:
        'Namespace shop: reviews:9080 may be called in plaintext, by callers without an identity. ' +
        'When all callers have a sidecar, set mtls.mode: Strict in a SecurityPolicy for the Namespace.',
    },
    {
      type: 'AnyCaller',
      message:
        'Namespace shop: anybody may call reviews:9080. ' +
        'Allow callers by a SecurityPolicy; try it with authorization.enforcement: Audit first.',
    },
    noSidecar,
  ]);
});

test('a port that is to be Strict and still accepts plaintext is told from one that nobody wants to be', () => {
  const stored = `
kind: ConfigMap
metadata: {name: meshwright-mtls-shop, namespace: meshwright-system}
data: {ports.json: '{"Deployment/reviews":{"9080":{}}}'}
`;
  const found = findingsIn(resourcesFromYaml([world, policy(rules(page)), stored].join('---\n')), known);

  expect(found.filter(({ type }) => type === 'Plaintext')).toEqual([
    {
      type: 'Plaintext',
      message:
        'Namespace shop: reviews:9080 may be called in plaintext until nobody does any more (mtls.transition). ' +
        'The condition Programmed of the policy or Mesh that sets mode Strict names the callers.',
    },
  ]);
});

test('a port that a policy opens is told with the policy', () => {
  const mtls = 'mtls: {mode: Strict, ports: [{port: 9080, mode: Permissive}]}';
  expect(findings(`${mtls}, authorization: {rules: [${page}]}`)).toEqual([
    {
      type: 'Plaintext',
      message:
        'Namespace shop: reviews:9080 may be called in plaintext, because SecurityPolicy shop/guard says so in mtls.ports. ' +
        'When all callers have a sidecar, remove the port there.',
    },
    noSidecar,
  ]);
});

test('where nobody has a sidecar, nothing is guarded', () => {
  const mesh = 'apiVersion: meshwright.dev/v1alpha1\nkind: Mesh\nmetadata: {name: default}\nspec: {}';

  expect(findingsIn(resourcesFromYaml(mesh), known)).toEqual([
    {
      type: 'NoSidecar',
      message:
        'No workload has a sidecar, so no policy is enforced. Add the label meshwright.dev/mesh=enabled to a namespace.',
    },
  ]);
});

test('what is guarded is no finding; a pod without a sidecar cannot be guarded', () => {
  expect(findings(rules(page))).toEqual([noSidecar]);
  expect(findings(rules())).toEqual([noSidecar]);
});

test.each([
  ['Optional', ['AnyCaller', 'NoSidecar']],
  ['Required', ['NoSidecar']],
])('tokens guard a port if callers need one: mode %s', (mode, types) => {
  const jwt = '[{name: corp, issuer: https://issuer.example, jwks: {inline: "{}"}}]';
  const found = findings(`mtls: {mode: Strict}, authentication: {mode: ${mode}, jwt: ${jwt}}`);

  expect(found.map(({ type }) => type).filter((type) => type !== 'NotInEffect')).toEqual(types);
});

test.each<readonly [string, Finding['type'], string]>([
  [
    '{name: all, action: Allow}',
    'AllowsAll',
    'Rule all of SecurityPolicy shop/guard allows everything to everybody. Name callers in from, or requests in to.',
  ],
  [
    '{name: old, action: Allow, from: [{serviceAccounts: [shop/gone]}, {namespaces: [nowhere]}]}',
    'MatchesNobody',
    'Rule old of SecurityPolicy shop/guard matches nobody: no workload with a sidecar has such an identity. Correct its callers, or remove it.',
  ],
])('%s', (rule, type, message) => {
  expect(findings(rules(page, rule))).toEqual([{ type, message }, noSidecar]);
});

test.each([
  '{name: strangers, action: Deny, from: [{serviceAccounts: [shop/gone]}]}',
  '{name: partner, action: Allow, from: [{principals: ["spiffe://partner.example/a"]}]}',
  '{name: shop, action: Allow, from: [{namespaces: [shop]}]}',
  '{name: some, action: Allow, from: [{serviceAccounts: [shop/gone, shop/productpage]}]}',
  '{name: network, action: Allow, from: [{ipBlocks: [10.0.0.0/8]}]}',
  '{name: reads, action: Allow, to: [{methods: [GET]}]}',
])('%s may match, and not everything', (rule) => {
  expect(findings(rules(page, rule))).toEqual([noSidecar]);
});

test('a policy that is not in effect is one, in the words of its status', () => {
  const found = findings(
    'mtls: {mode: Strict}, authorization: {external: {service: {name: gone, port: 1}, protocol: GRPC}}',
  );

  expect(found).toContainEqual({
    type: 'NotInEffect',
    message: expect.stringMatching(/^SecurityPolicy shop\/guard is not ResolvedRefs: /),
  });
});

test('the report has a line for each, and tells a script whether there are any', () => {
  expect(reportFindings([], 'text')).toEqual({ text: 'Nothing found.\n', exitCode: 0 });
  expect(reportFindings([noSidecar], 'text')).toEqual({
    text: `NoSidecar: ${noSidecar.message}\n`,
    exitCode: 1,
  });
  expect(JSON.parse(reportFindings([noSidecar], 'json').text)).toEqual([noSidecar]);
});

test('a mistake on the command line says what to write', () => {
  expect(readCheckOptions({ files: 'a' })).toEqual({
    files: 'a',
    operator: null,
    kubeconfig: null,
    timeoutMs: 30_000,
    output: 'text',
  });
  expect(() => readCheckOptions({ output: 'yaml' })).toThrow('--output yaml is unknown. Use text or json.');
});
