import { expect, test } from '@jest/globals';
import type { RuleIr } from '../../../operator/ir/inbound.ts';
import { translate } from '../../../operator/translate/translate.ts';
import { resourcesFromYaml, translateOptions } from '../../support/builders.ts';
import { sampleCaller, samplePeers } from '../../support/mesh-samples.ts';
import { allowedPeers } from '../../../operator/envoy/resources/inbound/peers.ts';
import {
  boundedDeny,
  maxDeniedCallers,
} from '../../../operator/translate/policies/security/denied-connections.ts';

const id = (namespace: string, account: string): string =>
  `spiffe://cluster.local/ns/${namespace}/sa/${account}`;

function denying(spiffeIds: readonly string[]): RuleIr {
  return {
    id: 'shop/p/r',
    callers: [sampleCaller({ spiffeIds })],
    unidentified: false,
    requests: 'any',
  };
}

function accounts(count: number, namespaceOf: (index: number) => string): readonly string[] {
  return Array.from({ length: count }, (_, index) => id(namespaceOf(index), `caller-${index}`));
}

test('up to the bound Deny rules refuse whom they name', () => {
  const rules = [denying(accounts(maxDeniedCallers, () => 'a'))];

  expect(boundedDeny(rules)).toBe(rules);
});

test('beyond it they refuse the namespaces of whom they name', () => {
  const [rule] = boundedDeny([denying(accounts(4096, (index) => (index % 2 === 0 ? 'a' : 'b')))]);

  const spiffePrefixes = ['spiffe://cluster.local/ns/a/', 'spiffe://cluster.local/ns/b/'];
  expect(rule?.callers).toEqual([sampleCaller({ spiffePrefixes })]);
});

test('with as many namespaces they refuse everybody, and the sidecar gets no expression for it', () => {
  const deny = boundedDeny([denying(accounts(4096, (index) => `team-${index}`))]);

  expect(allowedPeers({ deny, allow: 'all' })).toEqual([]);
});

test('many names on several rules count together', () => {
  const deny = boundedDeny([
    denying(accounts(40, () => 'a')),
    denying([...accounts(80, () => 'a')].slice(40)),
  ]);

  expect(deny.map(({ callers }) => callers)).toEqual(
    Array.from({ length: 2 }, () => [sampleCaller({ spiffePrefixes: ['spiffe://cluster.local/ns/a/'] })]),
  );
});

test('whom a rule leaves out is denied as well where there are too many combinations', () => {
  const but = (count: number): RuleIr => ({
    id: 'shop/p/r',
    callers: [
      sampleCaller(
        { spiffePrefixes: ['spiffe://cluster.local/ns/a/'] },
        {
          not: {
            identities: samplePeers({ spiffeIds: accounts(count, () => 'a') }),
            networks: [],
            remoteNetworks: [],
          },
        },
      ),
    ],
    unidentified: false,
    requests: 'any',
  });

  expect(boundedDeny([but(7), but(7)])).toEqual([but(7), but(7)]);
  expect(boundedDeny([but(7), but(8)]).map(({ callers }) => callers)).toEqual(
    Array.from({ length: 2 }, () => [sampleCaller({ spiffePrefixes: ['spiffe://cluster.local/ns/a/'] })]),
  );
});

/** Letters, not milliseconds: a text of this kind that is quadratic anywhere has hundreds of times as many. */
test('what the sidecar gets grows with the names, not with their square', () => {
  const lengths = [8, 16, 32, 64].map(
    (count) =>
      JSON.stringify(allowedPeers({ deny: [denying(accounts(count, () => 'a'))], allow: 'all' })).length,
  );

  for (const [index, length] of lengths.slice(1).entries()) {
    expect(length / (lengths[index] ?? 0)).toBeLessThan(2.2);
  }
});

test('the policy is told that it refuses more than it names', () => {
  const sources = Array.from({ length: 5 }, (_, source) =>
    Array.from({ length: 13 }, (__, index) => `a/caller-${source}-${index}`),
  );
  const from = sources.map((names) => `{serviceAccounts: [${names.join()}]}`).join();
  const resources = resourcesFromYaml(`
apiVersion: meshwright.dev/v1alpha1
kind: Mesh
metadata: {name: default}
spec: {}
---
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {address: 127.0.0.2, serviceAccount: db, ports: [{port: 5432, applicationPort: 5433}]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {clusterIP: 10.96.0.9, selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: meshwright.dev/v1alpha1
kind: SecurityPolicy
metadata: {name: guard, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: db}]
  authorization: {rules: [{name: r, action: Deny, from: [${from}]}]}
`);

  const verdict = translate(resources, translateOptions).verdicts.find(
    ({ origin }) => origin.kind === 'SecurityPolicy',
  );

  expect(verdict?.conditions[0]?.message).toContain(
    'Accepted. On TCP port 5432, Deny rules list more than 64 callers, so they deny every caller from the same namespaces. If these are more than 64 namespaces, they deny everyone. Use Allow rules for TCP ports instead.',
  );
});
