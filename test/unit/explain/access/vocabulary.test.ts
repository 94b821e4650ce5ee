// Whatever policies make of the inbound side can be read, and what is not known is refused.
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { apiVersion } from '../../../../api/v1alpha1/common.ts';
import type { EnvoyMessage } from '../../../../operator/envoy/proto/envoy-message.ts';
import { typeUrl } from '../../../../operator/envoy/proto/type-urls.ts';
import { buildResources } from '../../../../operator/envoy/resources/build.ts';
import type { XdsResource } from '../../../../operator/envoy/resources/xds-resource.ts';
import { evaluateAccess } from '../../../../operator/explain/access/evaluate-access.ts';
import { type ProxyConfig, proxyConfig } from '../../../../operator/explain/proxy-config.ts';
import type { MeshIr } from '../../../../operator/ir/mesh-ir.ts';
import { translate } from '../../../../operator/translate/translate.ts';
import { securityPolicySpec } from '../../../support/arbitraries.ts';
import { resourcesFromYaml, translateOptions } from '../../../support/builders.ts';
import { goldenCases, goldenInput } from '../../../support/golden.ts';
import { runs } from '../../../support/runs.ts';

const folder = 'test/golden/features';
const world = readFileSync(`${folder}/world.yaml`, 'utf8');
const caller = 'spiffe://cluster.local/ns/shop/sa/productpage';

test.each(goldenCases(folder))('%s', (name) => {
  expect(evaluated(irOf(goldenInput(folder, name)))).toBeGreaterThan(0);
});

test('policies made at random', () => {
  fc.assert(
    fc.property(securityPolicySpec(), (spec) => {
      const targetRefs = [{ kind: 'Service', name: 'reviews' }];
      const document = {
        apiVersion,
        kind: 'SecurityPolicy',
        metadata: { name: 'random', namespace: 'shop' },
      };
      const { selector: _, ...rest } = spec;
      expect(evaluated(irOf(stringify({ ...document, spec: { ...rest, targetRefs } })))).toBeGreaterThan(0);
    }),
    // Each builds a mesh.
    runs(40),
  );
});

function irOf(input: string): MeshIr {
  const { ir } = translate(resourcesFromYaml(`${world}---\n${input}`), translateOptions);
  if (ir === null) throw new Error('there is a Mesh in world.yaml');
  return ir;
}

/** At every port that a Service names, and at one that none does; how many. */
function evaluated(ir: MeshIr): number {
  const resources = buildResources(ir, { trustBundle: '' });
  let count = 0;
  for (const { key, inbound, intercepted } of ir.workloads) {
    const config = proxyConfig(resources, key);
    for (const port of [...inbound.map((one) => one.port), ...(intercepted ? [7] : [])]) {
      for (const identity of [caller, null]) {
        ask(config, port, identity);
        count += 1;
      }
    }
  }
  return count;
}

function ask(config: ProxyConfig, port: number, identity: string | null): void {
  evaluateAccess(config, {
    address: '10.0.0.1',
    port,
    identity,
    request: { method: 'GET', path: '/a', authority: 'reviews', headers: [] },
    speaksHttp: true,
    from: '10.0.0.3',
    token: null,
    nowMs: null,
  });
}

const guarded = `
apiVersion: ${apiVersion}
kind: SecurityPolicy
metadata: {name: guard, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: reviews}]
  authorization:
    rules: [{name: page, action: Allow, from: [{serviceAccounts: [shop/productpage]}], to: [{methods: [GET]}]}]
`;

test.each<readonly [string, (key: string, value: unknown) => unknown, string]>([
  [
    'a permission',
    (key, value) => (key === 'permissions' ? [{ url_path: {} }] : value),
    'the condition url_path',
  ],
  [
    'a principal',
    (key, value) => (key === 'principals' ? [{ filter_state: {} }] : value),
    'the condition filter_state',
  ],
  [
    'a field of a policy',
    (key, value) => (key === 'policies' ? { a: { condition: {} } } : value),
    'the field condition',
  ],
  ['an action', (key, value) => (key === 'action' ? 'LOG' : value), 'the action of rules'],
  [
    'a filter',
    (_key, value) =>
      value === 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBACPerRoute' ? 'a/b' : value,
    'the filter b',
  ],
])('%s that is not known is an error, and never left out', (_, change, message) => {
  const ir = irOf(guarded);
  const config = proxyConfig(buildResources(ir, { trustBundle: '' }), 'Pod/shop/reviews-v1');
  const routes = new Map([...config.routes].map(([name, it]) => [name, changed(it, change)]));

  expect([...routes.values()].every(({ typeUrl: type }) => type === typeUrl.route)).toBe(true);
  expect(() => ask({ ...config, routes }, 9080, caller)).toThrow(`explain does not know ${message}`);
});

function changed(it: XdsResource, change: (key: string, value: unknown) => unknown): XdsResource {
  return { ...it, message: JSON.parse(JSON.stringify(it.message, change)) as EnvoyMessage };
}
