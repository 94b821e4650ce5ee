// What the status of a Mesh says of its workloads.
import { expect, test } from '@jest/globals';
import { reportOf, type WorkloadState } from '../../../operator/conditions/workload-report.ts';
import { aggregate } from '../../../operator/status/aggregate.ts';
import { injectedOf } from '../../../operator/status/injected.ts';
import { readStatusCase } from './status-case.ts';

const injected: WorkloadState = { type: 'injected' };
const queued: WorkloadState = { type: 'pending', reason: 'Queued', message: 'It waits for its turn.' };
const rolling: WorkloadState = {
  type: 'pending',
  reason: 'RollingOut',
  message: 'Rolling out: 0 of 1 pods updated, 0 available.',
};
const failed: WorkloadState = {
  type: 'pending',
  reason: 'RolloutFailed',
  message: 'The rollout does not proceed: look at its pods.',
};
const refused: WorkloadState = {
  type: 'refused',
  reason: 'HostNetwork',
  message: 'It uses the network of its node: set hostNetwork to false.',
};

test.each([
  {
    states: {},
    bare: [],
    status: 'True',
    reason: 'Injected',
    message:
      'There are no workloads to inject, because the namespaces in spec.namespaceSelector have none. To add a namespace by the default selector, run kubectl label namespace NAME meshwright.dev/mesh=enabled.',
  },
  {
    states: { 'Deployment/shop/a': injected },
    bare: ['shop/one'],
    status: 'True',
    reason: 'Injected',
    message:
      '1 of 1 workload has an up-to-date sidecar. Pods without a sidecar, because no Deployment, StatefulSet, DaemonSet or CronJob manages them: shop/one.',
  },
  {
    states: { 'Deployment/shop/a': injected, 'Deployment/shop/b': queued },
    bare: [],
    status: 'False',
    reason: 'Pending',
    message: '1 of 2 workloads have an up-to-date sidecar. Wait: workloads roll out a few at a time.',
  },
  {
    states: { 'Deployment/shop/a': injected, 'Deployment/shop/b': failed, 'DaemonSet/shop/c': refused },
    bare: [],
    status: 'False',
    reason: 'WorkloadTrouble',
    message:
      '1 of 3 workloads have an up-to-date sidecar. DaemonSet/shop/c: It uses the network of its node: set hostNetwork to false. Deployment/shop/b: The rollout does not proceed: look at its pods.',
  },
  {
    states: { 'Deployment/shop/a': injected, 'Deployment/shop/b': rolling },
    bare: [],
    status: 'False',
    reason: 'Pending',
    message:
      '1 of 2 workloads have an up-to-date sidecar; 1 is rolling out. Wait: workloads roll out a few at a time.',
  },
  {
    states: { 'Deployment/shop/a': injected },
    bare: [],
    absent: ['ExternalWorkload/shop/vm', 'Pod/shop/a-0'],
    status: 'False',
    reason: 'Pending',
    message:
      '1 of 1 workload has an up-to-date sidecar. 1 sidecar has not connected yet: Pod/shop/a-0. If this lasts, see its log.',
  },
])('$reason: $message', ({ states, bare, absent = [], status, reason, message }) => {
  const report = reportOf(new Map(Object.entries(states)), { ...(bare && { bare }) });
  const unconnected = absent.map((workload) => ({ workload, layers: [], origins: [], since: new Date(0) }));

  expect(injectedOf(report, unconnected)).toEqual({ type: 'Injected', status, reason, message });
});

test('only the Mesh in force has workloads, and only where this operator gives sidecars', () => {
  const input = readStatusCase(
    'verdicts: [{origin: Mesh//default@1}, {origin: Mesh//other@1, accepted: false}]\nsnapshot: null\nproxies: {}',
  );
  const workloads = reportOf(new Map([['Deployment/shop/a', injected]]));
  const seen = (given: typeof input): unknown =>
    aggregate(given).map(({ status }) => [
      'workloads' in status ? status.workloads : undefined,
      status.conditions.some(({ type }) => type === 'Injected'),
    ]);

  expect([seen({ ...input, workloads }), seen(input)]).toEqual([
    [
      [{ injected: 1, pending: 0, refused: 0, unmeshed: 0 }, true],
      [undefined, false],
    ],
    [
      [undefined, false],
      [undefined, false],
    ],
  ]);
});

test('while it is not known who adds sidecars, nobody says that there is nothing to inject', () => {
  const report = reportOf(new Map(), {}, { support: 'Bound', way: null, refusal: '', doubt: '' });

  expect(injectedOf(report, [])).toMatchObject({ status: 'False', reason: 'Pending' });
});
