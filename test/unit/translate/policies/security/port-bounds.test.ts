import { expect, test } from '@jest/globals';
import type { AuthorizationRule } from '../../../../../api/v1alpha1/security/rule.ts';
import type { z } from 'zod';
import { buildResources } from '../../../../../operator/envoy/resources/build.ts';
import { listedPeers } from '../../../../../operator/envoy/resources/inbound/tcp-admission.ts';
import type { InboundPortIr } from '../../../../../operator/ir/inbound.ts';
import type { MeshIr } from '../../../../../operator/ir/mesh-ir.ts';
import { translate } from '../../../../../operator/translate/translate.ts';
import {
  maxAllowedCallers,
  maxRuleCharacters,
} from '../../../../../operator/translate/policies/security/port-bounds.ts';
import {
  meshedPod,
  resourcesOfDocuments,
  service,
  slice,
  translateOptions,
} from '../../../../support/builders.ts';
import { sampleCaller } from '../../../../support/mesh-samples.ts';

type Rule = z.input<typeof AuthorizationRule>;
type Source = NonNullable<Rule['from']>[number];

const pods = [meshedPod('reviews-1', 'reviews', '10.0.0.1'), meshedPod('reviews-2', 'reviews', '10.0.0.2')];

/** Two pods behind one port, guarded by a policy for each list of rules. */
function guarded(protocol: 'http' | 'tcp', ...policies: readonly (readonly Rule[])[]): Guarded {
  const resources = resourcesOfDocuments([
    { apiVersion: 'meshwright.dev/v1alpha1', kind: 'Mesh', metadata: { name: 'default' }, spec: {} },
    { kind: 'Namespace', metadata: { name: 'shop', labels: { 'meshwright.dev/mesh': 'enabled' } } },
    service('reviews', { ports: [{ port: 9080, name: protocol }] }),
    { ...slice('reviews', ...pods), ports: [{ name: protocol, port: 9080, protocol: 'TCP' }] },
    ...pods,
    ...policies.map((listed, index) => ({
      kind: 'SecurityPolicy',
      metadata: { name: `policy-${index}`, namespace: 'shop' },
      spec: { targetRefs: [{ kind: 'Service', name: 'reviews' }], authorization: { rules: listed } },
    })),
  ]);
  const { ir, verdicts } = translate(resources, translateOptions);
  if (ir === null) throw new Error('there is a Mesh');
  const ofPolicies = verdicts.filter(({ origin }) => origin.kind === 'SecurityPolicy');
  return {
    ir,
    ports: ir.workloads.flatMap(({ inbound }) => inbound),
    said: ofPolicies.map(({ conditions }) => conditions[0]?.message ?? ''),
  };
}

interface Guarded {
  readonly ir: MeshIr;
  readonly ports: readonly InboundPortIr[];
  readonly said: readonly string[];
}

/** As many sources as it takes. */
function sources(count: number, named: (index: number) => string): readonly Source[] {
  const names = Array.from({ length: count }, (_, index) => named(index));
  return Array.from({ length: Math.ceil(count / 16) }, (_, index) => ({
    serviceAccounts: names.slice(16 * index, 16 * (index + 1)),
  }));
}

/** As many rules as it takes. */
function rulesFor(action: Rule['action'], from: readonly Source[]): readonly Rule[] {
  return Array.from({ length: Math.ceil(from.length / 8) }, (_, index) => ({
    name: `r${index}`,
    action,
    from: from.slice(8 * index, 8 * (index + 1)),
  }));
}

const short = (index: number): string => `team-${index}/caller`;
const longest = (index: number): string => `${'n'.repeat(59)}${1000 + index}/${'s'.repeat(253)}`;

test('TCP: Allow rules up to the bound admit whom they list, and beyond it nobody; the policies are told', () => {
  const at = guarded('tcp', rulesFor('Allow', sources(maxAllowedCallers, short)));
  const beyond = guarded(
    'tcp',
    rulesFor('Allow', sources(maxAllowedCallers, short)),
    rulesFor(
      'Allow',
      sources(1, () => 'shop/one-more'),
    ),
  );

  expect(at.ports.map(({ authorization: { allow } }) => allow.length)).toEqual([2, 2]);
  expect(at.said).toEqual(['Accepted.']);
  expect(beyond.ports.map(({ authorization: { allow } }) => allow)).toEqual([[], []]);
  for (const message of beyond.said) {
    expect(message).toContain(
      `On TCP port 9080, Allow rules list more than ${maxAllowedCallers} callers, so they match nobody.`,
    );
  }
});

test('HTTP: one policy of the largest size holds as it is, and several that are larger together refuse everybody', () => {
  const largest = rulesFor('Deny', sources(32 * 8 * 16, longest));
  const one = guarded('http', largest);
  const two = guarded('http', largest, largest);

  expect(one.ports[0]?.authorization.deny).toHaveLength(32);
  expect(one.said[0]).not.toContain('larger than');
  expect(two.ports[0]?.authorization).toEqual({
    deny: [{ id: 'too-many-rules', callers: 'anyone', unidentified: true, requests: 'any' }],
    allow: 'all',
  });
  for (const message of two.said) {
    expect(message).toContain(
      `On port 9080, the rules of all SecurityPolicies together are larger than ${maxRuleCharacters / 1024 ** 2} MiB, so they deny everyone.`,
    );
  }
});

test('pods that are guarded alike share what their sidecars get: it is made, held and encoded once', () => {
  const { ir } = guarded('http', rulesFor('Deny', sources(32 * 8 * 16, longest)));
  const { layers } = buildResources(ir, { trustBundle: 'roots' });

  const tables = pods.map(({ metadata }) =>
    layers.get(`workload/Pod/shop/${metadata.name}`)?.find(({ name }) => name === 'inbound/9080/mesh'),
  );
  expect(tables[0]?.message).toBeDefined();
  expect(tables[1]?.message).toBe(tables[0]?.message);
});

/** One by one it would be a billion comparisons, and Jest would give up. */
test('whom prefixes mean is found in time linear in prefixes and identities, and once for all pods', () => {
  const prefix = (index: number): string => `spiffe://cluster.local/ns/team-${index}/`;
  const spiffePrefixes = Array.from({ length: 20_000 }, (_, index) => prefix(index));
  const known = Array.from({ length: 50_000 }, (_, index) => `${prefix(index)}sa/caller`);
  const allow = [
    { id: 'r', callers: [sampleCaller({ spiffePrefixes })], unidentified: false, requests: 'any' as const },
  ];
  const authorization = { deny: [], allow };

  const listed = listedPeers(authorization, known);

  expect(listed.peers).toHaveLength(20_000);
  expect(listedPeers(authorization, known)).toBe(listed);
});
