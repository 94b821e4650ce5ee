// Which pods have an owner whose template nobody knows, and which of them are left alone.
import { expect, test } from '@jest/globals';
import { podsByOwner } from '../../../../operator/reconcile/other-pods/owners.ts';
import { resourcesFromYaml } from '../../../support/builders.ts';

const pod = (owner: string, { labels = '', spec = '', status = '' } = {}): string => `
kind: Pod
metadata: {name: a, namespace: shop, uid: u-a, labels: {${labels}}, ownerReferences: [${owner}]}
spec: {containers: [{name: app}]${spec}}
status: {${status}}
`;
const by = (kind: string, name = 'x'): string => `{kind: ${kind}, name: ${name}, controller: true}`;
const owners = (text: string): ReturnType<typeof podsByOwner> =>
  podsByOwner(resourcesFromYaml(text).pods, () => false);

test.each([
  ['a ReplicaSet of nobody', by('ReplicaSet', 'legacy'), 'ReplicaSet/shop/legacy'],
  ['a controller of another kind', by('CloneSet'), 'CloneSet/shop/x'],
  ['a Job', by('Job'), undefined],
  ['a kubelet', by('Node'), undefined],
  ['a StatefulSet', by('StatefulSet'), undefined],
  ['the ReplicaSet of a Deployment', by('ReplicaSet', 'web-5c'), undefined],
  ['an owner that is no controller', '{kind: CloneSet, name: x}', undefined],
  ['nobody', '', undefined],
])('a pod of %s', (_, owner, key) => {
  const labels = owner.includes('web-5c') ? 'pod-template-hash: 5c' : '';
  expect([...owners(pod(owner, { labels })).keys()]).toEqual(key === undefined ? [] : [key]);
});

test('a controller that is called like a workload of the store is not taken for it', () => {
  const { pods } = resourcesFromYaml(pod(by('Deployment', 'web')));

  expect(podsByOwner(pods, (key) => key === 'Deployment/shop/web')).toEqual(new Map());
});

test.each([
  ['one that opted out', { labels: "meshwright.dev/inject: 'false'" }],
  ['one that runs to its end', { spec: ', restartPolicy: Never' }],
  ['one on the host network', { spec: ', hostNetwork: true' }],
  ['one with a proxy of its own', { spec: ', initContainers: [{name: mw-proxy}]' }],
  ['one of an account with a long name', { spec: `, serviceAccountName: ${'a'.repeat(241)}` }],
])('%s is left alone', (_, parts) => {
  const text = pod(by('CloneSet'), parts);
  expect(owners(text).get('CloneSet/shop/x')).toMatchObject([{ isLeftAlone: true }]);
});

test('what is seen of a pod', () => {
  const parts = {
    labels: 'meshwright.dev/revision: r1',
    spec: ', restartPolicy: Always, initContainers: [{name: mw-proxy}]',
    status: "phase: Running, conditions: [{type: Ready, status: 'True'}]",
  };
  expect(owners(pod(by('CloneSet'), parts)).get('CloneSet/shop/x')).toEqual([
    {
      ref: { namespace: 'shop', name: 'a', uid: 'u-a' },
      serviceAccount: 'default',
      isByPolicy: false,
      revision: 'r1',
      isReady: true,
      isStaying: true,
      isLeftAlone: false,
    },
  ]);
});
