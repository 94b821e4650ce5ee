// Which workload a pod is of, and who added its sidecar.
import { describe, expect, test } from '@jest/globals';
import { podsByWorkload } from '../../../operator/reconcile/pods.ts';
import { resourcesFromYaml } from '../../support/builders.ts';

const pod = (name: string, owner: string, more = ''): string => `
kind: Pod
metadata:
  name: ${name}
  namespace: shop
  ownerReferences: [${owner}]
${more}
spec: {containers: []}
`;
const by = (kind: string, name: string): string => `{kind: ${kind}, name: ${name}, controller: true}`;
const hash = '  labels: {pod-template-hash: 5c, meshwright.dev/revision: r1}';

function keysOf(...pods: readonly string[]): readonly string[] {
  return [...podsByWorkload(resourcesFromYaml(pods.join('---\n')).pods).keys()];
}

describe('a pod is of', () => {
  test.each([
    ['the Deployment of its ReplicaSet', pod('a', by('ReplicaSet', 'web-5c'), hash), 'Deployment/shop/web'],
    ['its StatefulSet', pod('a', by('StatefulSet', 'db')), 'StatefulSet/shop/db'],
    ['its DaemonSet', pod('a', by('DaemonSet', 'log')), 'DaemonSet/shop/log'],
    ['no workload if it is bare', pod('a', ''), undefined],
    ['no workload if a Job made it', pod('a', by('Job', 'migrate')), undefined],
    ['no workload if its ReplicaSet is of nobody', pod('a', by('ReplicaSet', 'web')), undefined],
    ['no workload if its ReplicaSet has another name', pod('a', by('ReplicaSet', 'web-6d'), hash), undefined],
    ['no workload if the owner is no controller', pod('a', '{kind: DaemonSet, name: log}'), undefined],
    [
      'no workload once it ends',
      pod('a', by('StatefulSet', 'db'), "  deletionTimestamp: '2026-01-01T00:00:00Z'"),
      undefined,
    ],
  ])('%s', (_, text, key) => {
    expect(keysOf(text)).toEqual(key === undefined ? [] : [key]);
  });
});

test('the API server added a sidecar if both marks tell of one revision; a template has another fingerprint', () => {
  const marks = (injected: string): string =>
    `${hash}\n  annotations: {meshwright.dev/injected: ${injected}}`;
  const all = [
    pod('policy', by('ReplicaSet', 'web-5c'), marks('r1.aa')),
    pod('template', by('ReplicaSet', 'web-5c'), marks('r9.aa')),
    pod('bare', by('ReplicaSet', 'web-5c'), '  labels: {pod-template-hash: 5c}'),
  ];
  const facts = podsByWorkload(resourcesFromYaml(all.join('---\n')).pods).get('Deployment/shop/web') ?? [];

  expect(facts.map(({ isByPolicy, revision }) => [isByPolicy, revision])).toEqual([
    [false, undefined],
    [true, 'r1'],
    [false, 'r1'],
  ]);
});
