// The policy by which the API server adds sidecars, whole. What it makes of pods: test/integration/injection-policy.test.ts.
import { expect, test } from '@jest/globals';
import { accountsWithTakenNames, certificateSecretName } from '../../../operator/certificates/names.ts';
import {
  type InjectionPolicyOptions,
  renderInjectionPolicy,
} from '../../../operator/infra/admission-policy.ts';
import { mostAccountCharacters } from '../../../operator/infra/injection-conditions.ts';
import { expectGolden } from '../../support/golden.ts';
import { sampleOptions } from './sample-options.ts';

const options: InjectionPolicyOptions = {
  sidecar: sampleOptions,
  certificates: 'Secret',
  namespaceLabels: { 'meshwright.dev/mesh': 'enabled' },
  excludedNamespaces: ['kube-system', 'meshwright-system'],
  secretOf: certificateSecretName,
  oddAccounts: accountsWithTakenNames,
};

/** Of one expression. @see https://kubernetes.io/docs/reference/using-api/cel/#cel-options-language-features-and-libraries */
const mostCharacters = 100_000;

test.each([
  ['plain', 'Secret'],
  ['pod-certificates', 'PodCertificate'],
] as const)('%s', (name, certificates) => {
  expectGolden('test/golden/injection-policy', name, renderInjectionPolicy({ ...options, certificates }));
});

test('has another revision when users ask for something else, or when it is rendered in another way', () => {
  const revisionOf = (more: Partial<InjectionPolicyOptions['sidecar']>): unknown =>
    renderInjectionPolicy({ ...options, sidecar: { ...sampleOptions, ...more } }).metadata.annotations;
  const revisions = [revisionOf({}), revisionOf({ revision: 'r2' }), revisionOf({ image: 'envoy:next' })];

  expect(new Set(revisions.map((it) => JSON.stringify(it))).size).toBe(3);
  expect(revisionOf({})).toEqual(revisions[0]);
});

test('fits into what the API server takes, with all exclusions that a Mesh may have', () => {
  const ports = Array.from({ length: 32 }, (_, index) => 60_000 + index);
  const cidrs = Array.from(
    { length: 32 },
    (_, index) => `2001:0db8:0000:0000:0000:0000:0000:${1000 + index}/128`,
  );
  const interception = {
    ...sampleOptions.interception,
    excludeInboundPorts: ports,
    excludeOutboundPorts: ports,
    excludeOutboundCidrs: cidrs,
  };
  const { spec } = renderInjectionPolicy({ ...options, sidecar: { ...sampleOptions, interception } });
  const { variables } = spec as { readonly variables: readonly { readonly expression: string }[] };

  expect(Math.max(...variables.map(({ expression }) => expression.length))).toBeLessThan(mostCharacters);
});

test('names the Secret of every service account that gets a sidecar', () => {
  const longest = 'a'.repeat(mostAccountCharacters);

  expect(certificateSecretName(longest)).toBe(`meshwright-${longest}`);
});

test('knows every service account whose Secret is called otherwise, that with the secrets of logins included', () => {
  const { spec } = renderInjectionPolicy(options);
  const { variables } = spec as {
    readonly variables: readonly { readonly name: string; readonly expression: string }[];
  };
  const secret = variables.find(({ name }) => name === 'secret')?.expression ?? '';

  for (const account of ['ca', 'revocations', 'operator-certificate', 'login']) {
    expect(certificateSecretName(account)).toMatch(new RegExp(`^meshwright-${account}-[0-9a-f]{8}$`));
    expect(secret).toContain(`== "${account}" ? "${certificateSecretName(account)}" :`);
  }
});
