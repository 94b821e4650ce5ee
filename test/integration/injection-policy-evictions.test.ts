// Pods whose controller has no template that the operator knows, on a real API server that adds sidecars: they are replaced by eviction if the Mesh says so. The test
// is their controller, and that of PodDisruptionBudgets.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Closing } from '../support/data-plane/closing.ts';
import { type ApiServer, startApiServer } from '../support/kubernetes.ts';
import { findNewest } from '../support/kubernetes/assets.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { installPolicies, meshedNamespace, mustKubectl } from '../support/injection-policies.ts';
import { type OperatorProcess, startOperator } from '../support/operator.ts';
import { mesh } from '../support/operator/shop.ts';

const newest = await findNewest();
if (!newest.found) process.stderr.write(`NOT RUN: ${newest.reason}\n`);
const onNewest = newest.found ? test : test.skip;
const slow = { intervalMs: 200, deadlineMs: 60_000 };

const closing = new Closing();
let server: ApiServer;
let operator: OperatorProcess;

const kubectl = (args: readonly string[], ...documents: readonly object[]): Promise<string> =>
  mustKubectl(server, args, ...documents);

/** As the kubelet says when it runs. */
async function setReady(name: string): Promise<void> {
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  const of = ['pod', name, '-n', 'shop', '--subresource=status', '--type=merge'];
  await kubectl(['patch', ...of, `--patch=${JSON.stringify({ status })}`]);
}

/** As the controller of a ReplicaSet would. */
async function create(owner: string, name: string, spec: object = {}): Promise<void> {
  await kubectl(['create', '-f', '-'], {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      labels: { app: owner },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true },
      ],
    },
    spec: { containers: [{ name: 'app', image: 'app:1' }], ...spec },
  });
}

/** `name revision`, of those that are there. */
async function pods(owner: string): Promise<readonly string[]> {
  const text = await kubectl(['get', 'pods', '-n', 'shop', '-l', `app=${owner}`, '-o', 'json']);
  const { items } = JSON.parse(text) as {
    readonly items: readonly { readonly metadata: { name: string; labels: Record<string, string> } }[];
  };
  return items.map(({ metadata }) =>
    [metadata.name, 'meshwright.dev/revision' in metadata.labels ? 'meshed' : 'bare'].join(' '),
  );
}

function untilGone(owner: string, name: string): Promise<true> {
  const isGone = async (): Promise<boolean> => !(await pods(owner)).some((pod) => pod.startsWith(`${name} `));
  return poll(async () => ((await isGone()) ? true : undefined), slow);
}

async function said(): Promise<string> {
  const message = 'jsonpath={.status.conditions[?(@.type=="Injected")].message}';
  return await kubectl(['get', 'mesh', 'default', '-o', message]);
}

function untilSaid(text: string): Promise<string> {
  return poll(async () => {
    const found = await said();
    return found.includes(text) ? found : undefined;
  }, slow);
}

async function setOtherPods(otherPods: 'Keep' | 'Evict'): Promise<void> {
  const patch = JSON.stringify({ spec: { sidecar: { rollout: { otherPods } } } });
  await kubectl(['patch', 'mesh', 'default', '--type=merge', `--patch=${patch}`]);
}

async function allow(disruptionsAllowed: number): Promise<void> {
  const counts = { currentHealthy: 2, desiredHealthy: 2 - disruptionsAllowed, expectedPods: 2 };
  const status = { observedGeneration: 1, disruptionsAllowed, ...counts };
  const of = ['pdb', 'legacy', '-n', 'shop', '--subresource=status', '--type=merge'];
  await kubectl(['patch', ...of, `--patch=${JSON.stringify({ status })}`]);
}

beforeAll(async () => {
  if (!newest.found) return;
  server = await startApiServer('newest');
  closing.add(() => server.stop());
  const kubeconfigPath = await installPolicies(server);
  await kubectl(['apply', '-f', '-'], meshedNamespace, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'shop' },
  });
  for (const name of ['legacy-1', 'legacy-2']) {
    await create('legacy', name);
    await setReady(name);
  }
  await create('odd', 'odd-1', { securityContext: { runAsUser: 1337 } });
  await setReady('odd-1');
  await kubectl(['apply', '-f', '-'], mesh({ certificates: { delivery: 'Secret' } }));
  operator = await startOperator({ kubeconfigPath, args: ['--sidecar-xds', 'meshwright.example:15012'] });
  closing.add(() => operator.stop());
  await operator.ready();
});
afterAll(() => closing.close());

onNewest('they stay unless the Mesh says otherwise, and the condition says how', async () => {
  const message = await untilSaid('otherPods to Evict');

  expect(message).toContain('shop/legacy-1, shop/legacy-2, shop/odd-1');
  expect(await pods('legacy')).toEqual(['legacy-1 bare', 'legacy-2 bare']);
});

onNewest('a PodDisruptionBudget blocks, and its words are in the condition', async () => {
  await kubectl(['create', '-f', '-'], {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'legacy', namespace: 'shop' },
    spec: { minAvailable: 2, selector: { matchLabels: { app: 'legacy' } } },
  });
  await allow(0);
  await setOtherPods('Evict');

  expect(await untilSaid('A PodDisruptionBudget does not allow')).toContain(
    'ReplicaSet/shop/legacy: A PodDisruptionBudget does not allow the eviction of pod legacy-1: The disruption budget legacy needs 2 healthy pods and has 2 currently',
  );
  expect(await pods('legacy')).toEqual(['legacy-1 bare', 'legacy-2 bare']);
});

onNewest('one whose successor has no sidecar either is the only one of its owner', async () => {
  await untilGone('odd', 'odd-1');
  await create('odd', 'odd-2', { securityContext: { runAsUser: 1337 } });
  await setReady('odd-2');

  await untilSaid('Pod odd-2 has no sidecar');
  expect(await pods('odd')).toEqual(['odd-2 bare']);
});

onNewest('the next one goes when the successor of the first is ready', async () => {
  await allow(1);
  await untilGone('legacy', 'legacy-1');
  expect(await pods('legacy')).toEqual(['legacy-2 bare']);
  await create('legacy', 'legacy-3');
  // An operator that has begun to lead meanwhile does not know of the eviction, and waits as well.
  await untilSaid('ready: 1 of 2 are ready');
  // The API server counts the first one.
  await allow(1);
  expect(await pods('legacy')).toEqual(['legacy-2 bare', 'legacy-3 meshed']);

  await setReady('legacy-3');
  await untilGone('legacy', 'legacy-2');
  await create('legacy', 'legacy-4');
  await setReady('legacy-4');

  await poll(async () => ((await said()).includes('legacy') ? undefined : true), slow);
  expect(await pods('legacy')).toEqual(['legacy-3 meshed', 'legacy-4 meshed']);
});

onNewest('a new revision evicts again; the operator has needed no more permissions', async () => {
  await allow(1);
  const patch = JSON.stringify({ spec: { sidecar: { drain: '7s' } } });
  await kubectl(['patch', 'mesh', 'default', '--type=merge', `--patch=${patch}`]);

  expect(await untilGone('legacy', 'legacy-3')).toBe(true);
  const refused = (await operator.log()).filter((line) => JSON.stringify(line).includes('forbidden'));
  expect(refused).toEqual([]);
});
