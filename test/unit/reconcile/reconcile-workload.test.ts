// One workload whose sidecars the API server adds: what is written to it, and what it waits for.
import { describe, expect, test } from '@jest/globals';
import { filesOnly } from '../../../operator/certificates/delivery.ts';
import type { LiveWorkload, WorkloadPort } from '../../../operator/ports/workload-port.ts';
import { createMemory } from '../../../operator/reconcile/memory.ts';
import type { PodFacts } from '../../../operator/reconcile/pods.ts';
import type { World } from '../../../operator/reconcile/workload/desired.ts';
import { reconcileWorkload } from '../../../operator/reconcile/workload/reconcile-workload.ts';
import type { ReconcileDeps, Step } from '../../../operator/reconcile/workload/step.ts';
import { sampleMesh } from '../../support/mesh-samples.ts';
import { liveDeployment, liveTemplate } from './live.ts';

const { settings: mesh } = sampleMesh({});
const inside = { 'meshwright.dev/mesh': 'enabled' };
const world: World = {
  mesh,
  namespaceLabels: inside,
  kubernetesVersion: { major: 1, minor: 37 },
  delivery: filesOnly,
  way: { type: 'Policy', revision: 'r2', namespaces: { matchLabels: inside } },
  environment: {
    defaultImages: { sidecar: 'envoy:1', init: 'meshwright:1' },
    xds: { address: 'meshwright.meshwright-system.svc', port: 15_012 },
    operatorSpiffeId: (trustDomain) => `spiffe://${trustDomain}/operator`,
    ownNamespace: 'meshwright-system',
  },
};
const bare: PodFacts = { isByPolicy: false, revision: undefined, restarted: undefined, optOut: undefined };
const meshed: PodFacts = { ...bare, isByPolicy: true, revision: 'r2' };
const minute = 60_000;

/** A Deployment whose pods are replaced at once: by those of `come`. */
class Bench {
  nowMs = minute;
  live: LiveWorkload;
  pods: readonly PodFacts[];
  /** Values of the annotation that makes new pods. */
  readonly restarts: string[] = [];
  readonly #come: (restarted: string) => PodFacts;
  readonly #memory = createMemory();
  readonly #deps: ReconcileDeps;

  constructor(pods: readonly PodFacts[], come: (restarted: string) => PodFacts, live = liveDeployment()) {
    this.pods = pods;
    this.live = live;
    this.#come = come;
    this.#memory.rollouts.setLimit(3);
    this.#memory.rollouts.open();
    const refuse = (): never => {
      throw new Error('not asked for');
    };
    const port: WorkloadPort = {
      kubernetesVersion: refuse,
      read: () => Promise.resolve(this.live),
      list: refuse,
      apply: refuse,
      merge: (_, body) => Promise.resolve({ type: 'written', workload: this.#restart(JSON.stringify(body)) }),
      keepConfigMap: refuse,
      event: refuse,
    };
    this.#deps = {
      port,
      secrets: { read: () => Promise.resolve({ 'tls.crt': 'a certificate' }) },
      xdsReady: () => true,
      whyNoPodCertificates: () => null,
      nowMs: () => this.nowMs,
    };
  }

  async look(of: World): Promise<Step> {
    return await reconcileWorkload(this.#deps, this.live.ref, { world: of, pods: this.pods }, this.#memory);
  }

  /** Long after the labels of its namespace were seen to be what they are. */
  async lookLater(of: World): Promise<Step> {
    await this.look(of);
    this.nowMs += minute;
    return await this.look(of);
  }

  #restart(body: string): LiveWorkload {
    const [, restarted = ''] = /"meshwright.dev\/restarted":"([^"]*)"/.exec(body) ?? [];
    this.restarts.push(restarted);
    this.pods = [this.#come(restarted)];
    this.live = {
      ...this.live,
      template: liveTemplate(['u1'], { annotations: { 'meshwright.dev/restarted': restarted } }),
    };
    return this.live;
  }
}

describe('the Mesh selects other namespaces, and the policy in force does not know yet', () => {
  const elsewhere: World = {
    ...world,
    mesh: { ...mesh, sidecar: { ...mesh.sidecar, namespaceLabels: { team: 'other' } } },
  };
  const waiting = { type: 'pending', reason: 'Queued' };

  test('a workload does not leave: its pods would come back with sidecars', async () => {
    const bench = new Bench([meshed], () => bare);

    expect((await bench.lookLater(elsewhere)).state).toMatchObject(waiting);
    expect(bench.restarts).toEqual([]);

    const way = { type: 'Policy', revision: 'r2', namespaces: { matchLabels: { team: 'other' } } } as const;
    await bench.lookLater({ ...elsewhere, way });
    expect(bench.restarts).toEqual(['none']);
  });

  test('a workload does not join: its pods would come bare', async () => {
    const bench = new Bench([bare], (restarted) => ({ ...meshed, restarted }));
    const joining = { ...elsewhere, namespaceLabels: { team: 'other' } };

    expect((await bench.lookLater(joining)).state).toMatchObject(waiting);
    expect(bench.restarts).toEqual([]);

    const way = { type: 'Policy', revision: 'r2', namespaces: { matchLabels: { team: 'other' } } } as const;
    await bench.lookLater({ ...joining, way });
    expect(bench.restarts).toEqual(['r2']);
  });

  test('without a Mesh, workloads leave once the policy is gone', async () => {
    const bench = new Bench([meshed], () => bare);

    expect((await bench.lookLater({ ...world, mesh: null })).state).toMatchObject(waiting);
    await bench.lookLater({ ...world, mesh: null, way: { type: 'Template' } });
    expect(bench.restarts).toEqual(['none']);
  });
});

describe('what others undo is done three times in an hour', () => {
  const gone: World = { ...world, namespaceLabels: {} };
  const contested = { type: 'pending', reason: 'Contested' };

  test('pods that come with a sidecar although their workload has left', async () => {
    const bench = new Bench([meshed], (restarted) => ({ ...meshed, restarted }));
    for (let round = 0; round < 10; round += 1) await bench.lookLater(gone);

    expect(bench.restarts).toEqual(['none', 'none.1', 'none.2']);
    expect((await bench.look(gone)).state).toMatchObject(contested);
    bench.nowMs += 60 * minute;
    await bench.look(gone);
    expect(bench.restarts.at(-1)).toBe('none.3');
  });

  test('pods that come without one', async () => {
    const bench = new Bench([bare], (restarted) => ({ ...bare, restarted }));
    for (let round = 0; round < 10; round += 1) await bench.lookLater(world);

    expect(bench.restarts).toEqual(['r2', 'r2.1', 'r2.2']);
    expect((await bench.look(world)).state).toMatchObject(contested);
  });

  test.each([
    ['with one', 'none', gone, meshed],
    ['without one', 'r2', world, bare],
  ])('pods that come %s, of a template that is reset each time', async (_, wanted, of, come) => {
    const bench = new Bench([come], (restarted) => ({ ...come, restarted }));
    for (let round = 0; round < 10; round += 1) {
      bench.live = liveDeployment();
      bench.nowMs += minute;
      await bench.look(of);
    }

    expect(bench.restarts).toEqual([wanted, wanted, wanted]);
    expect((await bench.look(of)).state).toMatchObject(contested);
  });

  test('what is wanted for the first time is done', async () => {
    const bench = new Bench([bare], (restarted) => ({ ...bare, restarted }));
    for (let round = 0; round < 10; round += 1) await bench.lookLater(world);
    await bench.look({
      ...world,
      way: { type: 'Policy', revision: 'r3', namespaces: { matchLabels: inside } },
    });

    expect(bench.restarts).toEqual(['r2', 'r2.1', 'r2.2', 'r3']);
  });

  test('a template that gets our part again and again', async () => {
    const withPart = liveDeployment({
      labels: { 'meshwright.dev/injected': 'true' },
      template: liveTemplate(['mw-init', 'mw-proxy', 'u1']),
    });
    const bench = new Bench([bare], () => meshed, withPart);
    for (let round = 0; round < 10; round += 1) {
      bench.live = withPart;
      await bench.lookLater(world);
    }

    bench.live = withPart;
    expect((await bench.look(world)).state).toMatchObject(contested);
    expect(bench.restarts).toEqual(['r2', 'r2', 'r2']);
  });
});
