// Evictions in turn: a few owners at a time, one pod of each, and who stops whom. The reconciler, with an API server that evicts in memory.
import { describe, expect, test } from '@jest/globals';
import { filesOnly } from '../../../../operator/certificates/delivery.ts';
import { certificateSecretName } from '../../../../operator/certificates/names.ts';
import { troubleOf } from '../../../../operator/conditions/workload-report.ts';
import type { Pod } from '../../../../operator/objects/objects.ts';
import type { EvictionOutcome, PodRef } from '../../../../operator/ports/pod-port.ts';
import type { WorkloadPort } from '../../../../operator/ports/workload-port.ts';
import { createReconciler, type Reconciler } from '../../../../operator/reconcile/reconciler.ts';
import type { InjectionWay } from '../../../../operator/reconcile/workload/desired.ts';
import { resourcesFromYaml } from '../../../support/builders.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { MemorySecrets } from '../../../support/memory-secrets.ts';
import { sampleMesh, sampleSidecar } from '../../../support/mesh-samples.ts';
import { rememberingLog } from '../../../support/remembering-log.ts';

const environment = {
  defaultImages: { sidecar: 'envoy:1', init: 'meshwright:1' },
  xds: { address: 'meshwright.meshwright-system.svc', port: 15_012 },
  operatorSpiffeId: () => 'spiffe://cluster.local/ns/meshwright-system/sa/meshwright-operator',
  ownNamespace: 'meshwright-system',
};
const base = resourcesFromYaml(
  '{kind: Namespace, metadata: {name: shop, labels: {meshwright.dev/mesh: enabled}}}',
);
const byPolicy = (revision: string): InjectionWay => ({
  type: 'Policy',
  revision,
  namespaces: { matchLabels: { 'meshwright.dev/mesh': 'enabled' } },
});
const labelOf = (revision: string | null): object =>
  revision === null
    ? {}
    : {
        labels: { 'meshwright.dev/revision': revision },
        annotations: { 'meshwright.dev/injected': `${revision}.0` },
      };

/** Only what a test calls. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- there are no workloads
const noWorkloads = { kubernetesVersion: () => Promise.resolve({ major: 1, minor: 36 }) } as WorkloadPort;

class Cluster {
  readonly clock = new FakeClock(1_000_000);
  readonly evicted: string[] = [];
  readonly secrets = new MemorySecrets();
  readonly reconciler: Reconciler;
  answer: EvictionOutcome = { type: 'evicted' };
  isServing = true;
  mesh = sampleMesh({}).settings;
  way: InjectionWay = byPolicy('r1');
  #pods: readonly Pod[] = [];

  constructor({ evicts = true, limit = 3 } = {}) {
    this.mesh = {
      ...this.mesh,
      sidecar: { ...sampleSidecar, maxConcurrentRollouts: limit, evictsOtherPods: evicts },
    };
    this.secrets.held.set(`shop/${certificateSecretName('default')}`, { 'tls.crt': 'x' });
    this.reconciler = createReconciler({
      port: noWorkloads,
      secrets: this.secrets,
      pods: { evict: (pod) => this.#evict(pod) },
      environment,
      clock: this.clock,
      log: rememberingLog().log,
      xdsReady: () => this.isServing,
      whyNoPodCertificates: () => null,
      onChange: () => undefined,
    });
  }

  async start(): Promise<void> {
    this.tell();
    this.reconciler.onStartedLeading();
    await this.pass(4000);
  }

  /** As the store does. */
  tell(): void {
    const { mesh, way } = this;
    this.reconciler.setInput({ resources: { ...base, pods: this.#pods }, mesh, way, delivery: filesOnly });
  }

  async pass(ms: number): Promise<void> {
    this.tell();
    await this.clock.pass(ms);
  }

  make(owner: string, name: string, revision: string | null = null, isReady = true): void {
    const metadata = {
      namespace: 'shop',
      name,
      uid: `u-${name}`,
      ownerReferences: [{ kind: 'ReplicaSet', name: owner, controller: true }],
      ...labelOf(revision),
    };
    const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False' }];
    const pod = { kind: 'Pod', metadata, spec: { containers: [] }, status: { conditions } } as const;
    this.remove(name);
    this.#pods = [...this.#pods, pod];
  }

  remove(name: string): void {
    this.#pods = this.#pods.filter((pod) => pod.metadata.name !== name);
  }

  said(): string {
    return troubleOf(this.reconciler.report());
  }

  #evict({ name }: PodRef): Promise<EvictionOutcome> {
    this.evicted.push(name);
    return Promise.resolve(this.answer);
  }
}

describe('the pods of an owner', () => {
  test('one at a time, the next when the one before is gone and all are ready again', async () => {
    const cluster = new Cluster();
    cluster.make('legacy', 'a');
    cluster.make('legacy', 'b');
    await cluster.start();
    expect(cluster.evicted).toEqual(['a']);
    expect(cluster.said()).toMatch(/^ReplicaSet\/shop\/legacy: Pod a was evicted\. Waiting/);

    cluster.remove('a');
    await cluster.pass(5000);
    cluster.make('legacy', 'c', 'r1', false);
    await cluster.pass(5000);
    expect(cluster.evicted).toEqual(['a']);

    cluster.make('legacy', 'c', 'r1');
    await cluster.pass(5000);
    expect(cluster.evicted).toEqual(['a', 'b']);

    cluster.remove('b');
    cluster.make('legacy', 'd', 'r1');
    await cluster.pass(5000);
    expect(cluster.reconciler.report()).toMatchObject({ injected: 1, pending: 0 });
    expect([cluster.evicted, cluster.said()]).toEqual([['a', 'b'], '']);
  });

  test('not one more once a successor came wrong', async () => {
    const cluster = new Cluster();
    cluster.make('legacy', 'a');
    cluster.make('legacy', 'b');
    await cluster.start();

    cluster.remove('a');
    cluster.make('legacy', 'c');
    await cluster.pass(3_600_000);

    expect(cluster.evicted).toEqual(['a']);
    expect(cluster.said()).toMatch(
      /^ReplicaSet\/shop\/legacy: Pod c has no sidecar .*evicts no pods of ReplicaSet/,
    );
  });

  test('the only one: no successor is a failure, though nothing of the owner is left to be seen', async () => {
    const cluster = new Cluster();
    cluster.make('legacy', 'a');
    cluster.make('other', 'x', 'r1', false);
    await cluster.start();
    cluster.remove('a');
    await cluster.pass(601_000);
    expect(cluster.said()).toMatch(
      /legacy: Its pods are not all ready 10 minutes after pod a was evicted: 0 of 0/,
    );

    cluster.make('late', 'y', 'r1');
    cluster.way = byPolicy('r2');
    await cluster.pass(10_000);
    // The owner that failed stops all others of its namespace.
    expect(cluster.evicted).toEqual(['a']);

    cluster.make('legacy', 'b', 'r2');
    await cluster.pass(10_000);
    expect(cluster.evicted).toEqual(['a', 'y']);
  });

  test('three times in an hour at most if it does not help', async () => {
    const cluster = new Cluster();
    for (const name of ['a', 'b', 'c', 'd', 'e']) cluster.make('legacy', name);
    await cluster.start();
    for (const name of ['a', 'b', 'c', 'd']) {
      cluster.remove(name);
      cluster.make('legacy', `again-${name}`);
      await cluster.pass(3000);
      // The owner is scaled down: what proved that evictions do not help is gone.
      cluster.remove(`again-${name}`);
      await cluster.pass(3000);
    }

    expect(cluster.evicted).toEqual(['a', 'b', 'c']);
    expect(cluster.said()).toContain('evicted 3 of its pods in the last hour without effect');
  });
});

test('a few owners at a time', async () => {
  const cluster = new Cluster({ limit: 2 });
  for (const owner of ['one', 'two', 'three']) cluster.make(owner, `${owner}-a`);
  await cluster.start();
  expect(cluster.evicted).toHaveLength(2);

  const [first = ''] = cluster.evicted;
  cluster.remove(first);
  cluster.make(first.slice(0, -2), 'successor', 'r1');
  await cluster.pass(3000);
  expect(cluster.evicted.toSorted()).toEqual(['one-a', 'three-a', 'two-a']);
});

test('what a PodDisruptionBudget blocks is tried again, and holds up nobody', async () => {
  const cluster = new Cluster({ limit: 1 });
  cluster.make('one', 'a');
  cluster.make('two', 'b');
  cluster.answer = { type: 'blocked', message: 'The disruption budget one needs 1 healthy pods.' };
  await cluster.start();
  expect(cluster.evicted).toEqual(['a', 'b']);
  expect(cluster.said()).toContain(
    'ReplicaSet/shop/one: A PodDisruptionBudget does not allow the eviction of pod a: The disruption budget one needs 1 healthy pods.',
  );

  cluster.answer = { type: 'evicted' };
  await cluster.pass(11_000);
  expect(cluster.evicted).toHaveLength(3);
});

test('leaving the mesh: by eviction as well', async () => {
  const cluster = new Cluster();
  cluster.make('legacy', 'a', 'r1');
  await cluster.start();
  expect(cluster.evicted).toEqual([]);

  const sidecar = { ...cluster.mesh.sidecar, namespaceLabels: { team: 'other' } };
  cluster.mesh = { ...cluster.mesh, sidecar };
  await cluster.pass(10_000);
  // Its successor would have a sidecar again.
  expect(cluster.evicted).toEqual([]);

  cluster.way = { type: 'Policy', revision: 'r1', namespaces: { matchLabels: { team: 'other' } } };
  await cluster.pass(4000);
  await cluster.pass(1000);
  expect(cluster.evicted).toEqual(['a']);
});

describe('nobody is evicted', () => {
  const evictedOf = async (cluster: Cluster): Promise<readonly string[]> => {
    cluster.make('legacy', 'a');
    await cluster.start();
    await cluster.pass(30_000);
    return cluster.evicted;
  };

  test('unless the Mesh asks for it: then who stays is named', async () => {
    const cluster = new Cluster({ evicts: false });
    expect(await evictedOf(cluster)).toEqual([]);
    expect(cluster.said()).toMatch(/shop\/a\. .*otherPods to Evict/);
  });

  test('while templates are the way', async () => {
    const cluster = new Cluster();
    cluster.way = { type: 'Template' };
    expect(await evictedOf(cluster)).toEqual([]);
  });

  test('while the policy in force does not select the namespace', async () => {
    const cluster = new Cluster();
    cluster.way = { type: 'Policy', revision: 'r1', namespaces: { matchLabels: { team: 'other' } } };
    expect(await evictedOf(cluster)).toEqual([]);
  });

  test('while the operator does not serve', async () => {
    const cluster = new Cluster();
    cluster.isServing = false;
    expect(await evictedOf(cluster)).toEqual([]);
  });

  test('before the certificate is there', async () => {
    const cluster = new Cluster();
    cluster.secrets.held.clear();
    expect(await evictedOf(cluster)).toEqual([]);
  });
});
