import { expect, test } from '@jest/globals';
import { addressOwners, createConflictFinder } from '../../../operator/translate/facts/address-owners.ts';
import { resourcesFromYaml } from '../../support/builders.ts';

const vm = `
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {name: vm, namespace: evil}
spec: {address: 10.96.0.11, ports: [{port: 80}]}
---`;
const service = `
apiVersion: v1
kind: Service
metadata: {name: ledger, namespace: bank}
spec: {clusterIP: 10.96.0.11, ports: [{port: 80}]}
---`;

test('a conflict comes and goes with the Service that has the address, and is the same object in between', () => {
  const find = createConflictFinder();
  const conflictsOf = (text: string): ReturnType<typeof find> => {
    const { externalWorkloads, services, pods } = resourcesFromYaml(text);
    return find(externalWorkloads, services, pods);
  };

  const none = conflictsOf(service);
  const one = conflictsOf(service + vm);
  const again = conflictsOf(service + vm);
  const gone = conflictsOf(vm);

  expect([none, one, gone]).toEqual([{}, { 'evil/vm': 'Service bank/ledger' }, {}]);
  expect(again).toBe(one);
});

test.each(['fd00::b', 'FD00:0:0::000b', 'fd00:0:0:0:0:0:0:b'])(
  'an address is the same in every spelling: %s',
  (address) => {
    const { externalWorkloads, services } = resourcesFromYaml(
      (service + vm)
        .replace('clusterIP: 10.96.0.11', 'clusterIP: "fd00::b"')
        .replace('10.96.0.11', `"${address}"`),
    );

    expect(createConflictFinder()(externalWorkloads, services, [])).toEqual({
      'evil/vm': 'Service bank/ledger',
    });
  },
);

test.each(['127.0.0.1', '127.8.0.1', '::1', '0:0::0001'])(
  'a loopback address is that of each pod that calls it, where there are pods: %s',
  (address) => {
    const { externalWorkloads, pods } = resourcesFromYaml(`${vm.replace('10.96.0.11', `"${address}"`)}
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: qa}
spec: {containers: []}
status: {podIP: 10.0.0.3}
---`);
    const conflicts = [pods, []].map((some) => createConflictFinder()(externalWorkloads, [], some));

    expect(conflicts).toEqual([{ 'evil/vm': 'the pod of each caller' }, {}]);
  },
);

test('of two pods with one address, as when one has just ended, the first by name is named in whatever order they come', () => {
  const { pods } = resourcesFromYaml(`
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: qa}
spec: {containers: []}
status: {podIP: 10.0.0.3}
---
apiVersion: v1
kind: Pod
metadata: {name: b, namespace: shop}
spec: {containers: []}
status: {podIP: 10.0.0.3}
---`);

  const owners = [pods, pods.toReversed()].map((some) => addressOwners([], some).get('10.0.0.3'));

  expect(pods).toHaveLength(2);
  expect(owners).toEqual(['Pod qa/a', 'Pod qa/a']);
});
