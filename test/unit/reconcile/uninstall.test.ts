// The end of the mesh, whoever added the sidecars.
import { expect, test } from '@jest/globals';
import { uninstall, type UninstallReport } from '../../../operator/reconcile/uninstall.ts';
import { resourcesFromYaml } from '../../support/builders.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { completeRollout, liveDeployment } from './live.ts';

const pod = (name: string, owner: string): string => `
kind: Pod
metadata:
  name: ${name}
  namespace: shop
  labels: {pod-template-hash: 5c, meshwright.dev/revision: r1}
  annotations: {meshwright.dev/injected: r1.aa}
  ownerReferences: [${owner}]
spec: {containers: []}
`;

test('the policy goes first; then sidecars leave templates, and workloads whose pods have them are restarted', async () => {
  const clock = new FakeClock();
  const calls: string[] = [];
  const marked = liveDeployment({ labels: { 'meshwright.dev/injected': 'true' } });
  const { pods } = resourcesFromYaml(
    [
      pod('web-1', '{kind: ReplicaSet, name: web-5c, controller: true}'),
      pod('cart-1', '{kind: ReplicaSet, name: cart-5c, controller: true}'),
      pod('cart-2', '{kind: ReplicaSet, name: cart-5c, controller: true}'),
      pod('migrate', '{kind: Job, name: migrate, controller: true}'),
    ].join('---\n'),
  );
  const uninstalling = uninstall({
    policies: {
      remove: () => {
        calls.push('policy');
        return Promise.resolve(true);
      },
    },
    pods: { list: () => Promise.resolve(pods) },
    workloads: {
      list: (kind) => Promise.resolve(kind === 'Deployment' ? [marked] : []),
      merge: ({ name }, body) => {
        calls.push(`${name} ${JSON.stringify(body).includes('mw-proxy') ? 'part' : 'restart'}`);
        return Promise.resolve({ type: 'written', workload: marked });
      },
    },
    clock,
  });
  await clock.pass(2900);
  // API servers have not noticed yet.
  expect(calls).toEqual(['policy']);
  await clock.pass(200);

  const { removed, kept } = await uninstalling;
  expect(calls).toEqual(['policy', 'web part', 'cart restart']);
  expect(removed.map(({ name }) => name)).toEqual(['web', 'cart']);
  expect(kept).toEqual([{ what: 'Pod shop/migrate', todo: 'It keeps its sidecar until it is replaced.' }]);
});

test.each([
  ['is paused', { isPaused: true }, /^It is paused, so its pods keep the sidecar\. Resume it\.$/],
  ['does not replace its pods', { isAutomatic: false }, /^Its update strategy does not .* Delete them\.$/],
] as const)(
  'a workload that %s is told to keep its sidecar, unless it has no pods',
  async (_, facts, todo) => {
    const left = async (wanted: number): Promise<UninstallReport> => {
      const live = liveDeployment({
        labels: { 'meshwright.dev/injected': 'true' },
        rollout: { ...completeRollout, ...facts, wanted },
      });
      return await uninstall({
        policies: { remove: () => Promise.resolve(false) },
        pods: { list: () => Promise.resolve([]) },
        workloads: {
          list: (kind) => Promise.resolve(kind === 'Deployment' ? [live] : []),
          merge: () => Promise.resolve({ type: 'written', workload: live }),
        },
        clock: new FakeClock(),
      });
    };

    const { removed, kept } = await left(2);
    expect(removed).toEqual([]);
    expect(kept).toEqual([{ what: 'Deployment shop/web', todo: expect.stringMatching(todo) }]);
    expect((await left(0)).kept).toEqual([]);
  },
);
