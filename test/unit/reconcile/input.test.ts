// Which workloads the reconciler looks at, and when again.
import { describe, expect, test } from '@jest/globals';
import { filesOnly } from '../../../operator/certificates/delivery.ts';
import type { Environment } from '../../../operator/reconcile/workload/desired.ts';
import { barePodsOf } from '../../../operator/reconcile/bare-pods.ts';
import { changedKeys, describeInput, relevantKeys } from '../../../operator/reconcile/input.ts';
import { resourcesFromYaml } from '../../support/builders.ts';
import { sampleMesh } from '../../support/mesh-samples.ts';

const { settings: mesh } = sampleMesh({});
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
    const input = describeInput(resourcesFromYaml(world), mesh, filesOnly);

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
    const input = describeInput(resourcesFromYaml(world), null, filesOnly);

    expect(relevantKeys(input, environment, none)).toEqual([
      'CronJob/other/annotated',
      'DaemonSet/other/labelled',
    ]);
  });

  test('again when it changed, and everything when the Mesh did', () => {
    const resources = resourcesFromYaml(world);
    const keys = ['CronJob/other/annotated', 'StatefulSet/shop/selected'];
    const input = describeInput(resources, mesh, filesOnly);
    const [object] = resources.statefulSets;
    if (object === undefined) throw new Error('there is a StatefulSet');
    const changed = describeInput({ ...resources, statefulSets: [{ ...object }] }, mesh, filesOnly);
    const other = describeInput(resources, { ...mesh, trustDomain: 'other' }, filesOnly);

    expect(changedKeys(keys, undefined, input)).toEqual(keys);
    expect(changedKeys(keys, input, describeInput(resources, mesh, filesOnly))).toEqual([]);
    expect(changedKeys(keys, input, changed)).toEqual(['StatefulSet/shop/selected']);
    expect(changedKeys(keys, input, other)).toEqual(keys);
  });

  test('a Mesh that is there, but never was valid, leaves everything uncertain', () => {
    const resources = resourcesFromYaml(world);
    const ref = { kind: 'Mesh', namespace: '', name: 'default' } as const;
    const rejection = { ref, generation: 1, problems: [], lastGoodInForce: false };

    expect(describeInput(resources, null, filesOnly).isUncertain).toBe(false);
    expect(describeInput({ ...resources, rejections: [rejection] }, null, filesOnly).isUncertain).toBe(true);
    expect(describeInput({ ...resources, rejections: [rejection] }, mesh, filesOnly).isUncertain).toBe(false);
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
