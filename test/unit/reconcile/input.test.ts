// Which workloads the reconciler looks at, and when again.
import { describe, expect, test } from '@jest/globals';
import { filesOnly } from '../../../operator/certificates/delivery.ts';
import type { MeshSettingsIr } from '../../../operator/ir/mesh-ir.ts';
import type { Environment } from '../../../operator/reconcile/workload/environment.ts';
import { barePodsOf } from '../../../operator/reconcile/bare-pods.ts';
import { changedKeys, describeInput, type Input, relevantKeys } from '../../../operator/reconcile/input.ts';
import type { Resources } from '../../../operator/store/resources.ts';
import { resourcesFromYaml } from '../../support/builders.ts';
import { sampleMesh } from '../../support/mesh-samples.ts';

const { settings: mesh } = sampleMesh({});
const settled = (resources: Resources, of: MeshSettingsIr | null): Input =>
  describeInput({ resources, mesh: of, delivery: filesOnly, way: { type: 'Template' } });
const environment: Environment = {
  defaultImages: { sidecar: 'envoy:1', init: 'meshwright:1' },
  xds: { address: 'meshwright.meshwright-system.svc', port: 15_012 },
  operatorSpiffeId: () => 'spiffe://cluster.local/ns/meshwright-system/sa/meshwright-operator',
  ownNamespace: 'meshwright-system',
};
const world = `
kind: Namespace
metadata: {name: shop, labels: {meshwright.dev/mesh: enabled}}
---
kind: Namespace
metadata: {name: meshwright-system, labels: {meshwright.dev/mesh: enabled}}
---
kind: StatefulSet
metadata: {name: selected, namespace: shop}
spec: {selector: {}, template: {}}
---
kind: Deployment
metadata: {name: elsewhere, namespace: other}
spec: {selector: {}, template: {}}
---
kind: DaemonSet
metadata: {name: labelled, namespace: other, labels: {meshwright.dev/injected: 'true'}}
spec: {selector: {}, template: {}}
---
kind: CronJob
metadata: {name: annotated, namespace: other}
spec: {jobTemplate: {spec: {template: {metadata: {annotations: {meshwright.dev/injected: a.b}}}}}}
---
kind: Deployment
metadata: {name: operator, namespace: meshwright-system}
spec: {selector: {}, template: {}}
`;
const none = (): boolean => false;

describe('what is looked at', () => {
  test('what is selected, or has signs of our part, or was told of; never the operator itself', () => {
    const input = settled(resourcesFromYaml(world), mesh);

    expect(relevantKeys(input, environment, none)).toEqual([
      'CronJob/other/annotated',
      'DaemonSet/other/labelled',
      'StatefulSet/shop/selected',
    ]);
    expect(relevantKeys(input, environment, (key) => key.endsWith('elsewhere'))).toContain(
      'Deployment/other/elsewhere',
    );
  });

  test('without a Mesh: what has signs of our part', () => {
    const input = settled(resourcesFromYaml(world), null);

    expect(relevantKeys(input, environment, none)).toEqual([
      'CronJob/other/annotated',
      'DaemonSet/other/labelled',
    ]);
  });

  test('again when it changed, and everything when the Mesh did', () => {
    const resources = resourcesFromYaml(world);
    const keys = ['CronJob/other/annotated', 'StatefulSet/shop/selected'];
    const input = settled(resources, mesh);
    const [object] = resources.statefulSets;
    if (object === undefined) throw new Error('there is a StatefulSet');
    const changed = settled({ ...resources, statefulSets: [{ ...object }] }, mesh);
    const other = settled(resources, { ...mesh, trustDomain: 'other' });

    expect(changedKeys(keys, undefined, input)).toEqual(keys);
    expect(changedKeys(keys, input, settled(resources, mesh))).toEqual([]);
    expect(changedKeys(keys, input, changed)).toEqual(['StatefulSet/shop/selected']);
    expect(changedKeys(keys, input, other)).toEqual(keys);
  });

  test('again when its pods are of another revision, and in an unselected namespace while they have sidecars by the API server', () => {
    const pod = (name: string, revision: string): string => `
---
kind: Pod
metadata:
  name: ${name}
  namespace: other
  labels: {pod-template-hash: 5c, meshwright.dev/revision: ${revision}}
  annotations: {meshwright.dev/injected: ${revision}.0}
  ownerReferences: [{kind: ReplicaSet, name: elsewhere-5c, controller: true}]
spec: {containers: []}
`;
    const of = (...pods: readonly string[]): Input => settled(resourcesFromYaml(world + pods.join('')), mesh);
    const before = of(pod('a', 'r1'));
    const keys = relevantKeys(before, environment, none);

    expect(keys).toContain('Deployment/other/elsewhere');
    // Workloads of another parse are other objects: what is compared are those of the same one.
    const after = (...pods: readonly string[]): Input => ({ ...before, pods: of(...pods).pods });
    expect(changedKeys(keys, before, after(pod('b', 'r1')))).toEqual([]);
    // Users are told how many of how many.
    expect(changedKeys(keys, before, after(pod('a', 'r1'), pod('b', 'r1')))).toEqual([
      'Deployment/other/elsewhere',
    ]);
    expect(changedKeys(keys, before, after(pod('a', 'r1'), pod('b', 'r2')))).toEqual([
      'Deployment/other/elsewhere',
    ]);
    expect(changedKeys(keys, before, after())).toEqual(['Deployment/other/elsewhere']);
  });

  test('a Mesh that is there, but never was valid, leaves everything uncertain', () => {
    const resources = resourcesFromYaml(world);
    const ref = { kind: 'Mesh', namespace: '', name: 'default' } as const;
    const rejection = { ref, generation: 1, problems: [], lastGoodInForce: false };

    expect(settled(resources, null).isUncertain).toBe(false);
    expect(settled({ ...resources, rejections: [rejection] }, null).isUncertain).toBe(true);
    expect(settled({ ...resources, rejections: [rejection] }, mesh).isUncertain).toBe(false);
  });
});

test('bare pods are those that nothing we inject makes anew', () => {
  const pod = (name: string, parts = ''): string => `
---
kind: Pod
metadata: {name: ${name}, namespace: shop${parts}}
spec: {containers: []}
status: {phase: ${name === 'ended' ? 'Succeeded' : 'Running'}}
`;
  const resources = resourcesFromYaml(`
kind: Namespace
metadata: {name: shop, labels: {meshwright.dev/mesh: enabled}}
---
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {selector: {matchLabels: {app: web}}, template: {}}
${pod('web-1', ', labels: {app: web}')}
${pod('migrate', ', labels: {app: migrate}')}
${pod('debug')}
${pod('ended')}
${pod('nightly', ', annotations: {meshwright.dev/injected: a.b}')}
${pod('out', ", labels: {meshwright.dev/inject: 'false'}")}
`);

  expect(barePodsOf(resources, mesh, environment)).toEqual(['shop/debug', 'shop/migrate']);
  expect(barePodsOf(resources, null, environment)).toEqual([]);
});
