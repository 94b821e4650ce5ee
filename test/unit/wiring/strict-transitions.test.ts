// A port that accepted plaintext is to be Strict: what the leader stores by what sidecars tell, what comes of it, and what it reports.
import { expect, test } from '@jest/globals';
import type { ConfigMap } from '../../../operator/objects/objects.ts';
import type { ConfigMapPort } from '../../../operator/ports/config-map-port.ts';
import { noObservations, type PlaintextCaller } from '../../../operator/telemetry/observations.ts';
import { translate } from '../../../operator/translate/translate.ts';
import { type Board, createBoard } from '../../../operator/wiring/board.ts';
import { createStrictTransitions } from '../../../operator/wiring/strict-transitions.ts';
import { resourcesFromYaml, resourcesOf, translateOptions } from '../../support/builders.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { rememberingLog } from '../../support/remembering-log.ts';

const shop = `
kind: Mesh
metadata: {name: default}
spec: {trustDomain: cluster.local, namespaceSelector: {matchLabels: {}}, mtls: {mode: MODE}}
---
kind: Deployment
metadata: {name: reviews, namespace: shop}
spec: {selector: {matchLabels: {app: reviews}}, template: {}}
---
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {clusterIP: 10.96.0.1, selector: {app: reviews}, ports: [{port: 80, targetPort: 9080, appProtocol: http}]}
---
kind: Pod
metadata: {name: reviews-1, namespace: shop, labels: {app: reviews}, annotations: {meshwright.dev/injected: "1"}}
spec: {containers: []}
status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}]}
---
kind: Pod
metadata: {name: legacy, namespace: old}
spec: {containers: []}
status: {phase: Running, podIP: 10.0.0.7, podIPs: [{ip: 10.0.0.7}]}
`;

/** The ConfigMaps that are written come back among the resources, as on every platform. */
class World {
  readonly clock = new FakeClock(1_800_000_000_000);
  readonly board: Board = createBoard();
  readonly #stored = new Map<string, ConfigMap>();
  readonly #port: ConfigMapPort = {
    write: (name, data) => {
      this.#stored.set(name, { kind: 'ConfigMap', metadata: { name, namespace: 'meshwright-system' }, data });
      return Promise.resolve(this.#translate());
    },
    remove: async (name) => {
      await this.removals;
      this.#stored.delete(name);
      this.#translate();
    },
  };
  #yaml = '';
  called = 9080;
  callers: readonly PlaintextCaller[] = [];
  reports = true;
  /** What is removed is gone when this has resolved. */
  removals: Promise<unknown> = Promise.resolve();

  lead(): void {
    const { board, clock } = this;
    board.observations.define(() => ({
      ...noObservations,
      lastReportMs: () => (this.reports ? clock.now() : null),
      portsCalled: () => [this.called],
      plaintextCallers: (_workload, port) => (port === this.called ? this.callers : []),
    }));
    const made = createStrictTransitions(board, {
      platform: { configMaps: this.#port },
      clock,
      log: rememberingLog().log,
    });
    made.leaderCallbacks?.onStartedLeading();
  }

  async apply(yaml: string): Promise<void> {
    this.#yaml = yaml;
    this.#translate();
    await this.clock.pass(0);
  }

  get mode(): string | undefined {
    return this.modeOf(9080);
  }

  modeOf(number: number): string | undefined {
    return this.board.translation.get().ir?.workloads[0]?.inbound.find(({ port }) => port === number)?.mtls;
  }

  /** Ports that are Strict, while another operator would read that they are not. */
  get unsettled(): number {
    return this.board.translation.get().mtlsPlaces.filter(({ isUnsettled }) => isUnsettled).length;
  }

  get others(): string | undefined {
    return this.board.translation.get().ir?.workloads[0]?.otherInbound.mtls;
  }

  get stored(): string | undefined {
    return this.#stored.get('meshwright-mtls-shop')?.data['ports.json'];
  }

  #translate(): void {
    const resources = resourcesFromYaml(this.#yaml);
    const configMaps = resourcesOf(...this.#stored.values()).configMaps;
    this.board.resources.set({ ...resources, configMaps });
    this.board.translation.set(translate({ ...resources, configMaps }, translateOptions));
  }
}

const permissive = shop.replace('MODE', 'Permissive');
const strict = shop.replace('MODE', 'Strict');
const immediate = shop.replace('mode: MODE', 'mode: Strict, transition: {type: Immediate, quietPeriod: 10m}');

test('a port that was never open is Strict at once, and nothing is stored of it', async () => {
  const world = new World();
  world.lead();
  await world.apply(strict);

  expect(world.mode).toBe('Strict');
  expect(world.stored).toBe(undefined);
});

test('one that is open waits for its callers, becomes Strict, and steps back when one comes late', async () => {
  const world = new World();
  world.lead();
  await world.apply(permissive);
  expect(world.stored).toBe('{"Deployment/reviews":{"9080":{},"other":{}}}');

  await world.apply(strict);
  world.callers = [{ address: '10.0.0.7', count: 12, lastMs: world.clock.now() }];
  await world.clock.pass(300_000);
  expect(world.mode).toBe('Staged');
  expect(world.board.strictReports.get()).toMatchObject([
    {
      place: 'Port 9080 of Deployment shop/reviews',
      decidedBy: [{ kind: 'Mesh', name: 'default' }],
      waiting: { callers: [{ name: 'Pod old/legacy (10.0.0.7)', count: 12 }], neededMs: 600_000 },
    },
    { place: 'A port that no Service names of Deployment shop/reviews' },
  ]);

  await world.clock.pass(310_000);
  expect(world.mode).toBe('Strict');
  expect(world.board.strictReports.get()).toEqual([]);

  world.callers = [{ address: '10.0.0.7', count: 13, lastMs: world.clock.now() }];
  await world.clock.pass(10_000);
  expect(world.mode).toBe('Staged');
  expect(world.board.strictReports.get()).toMatchObject([
    { waiting: { refused: [{ name: 'Pod old/legacy (10.0.0.7)' }], neededMs: 1_200_000 } },
  ]);

  await world.clock.pass(1_210_000);
  expect(world.mode).toBe('Strict');
  await world.clock.pass(700_000);
  expect(world.stored).toBe(undefined);
});

test('one whose sidecars do not report stays open, and the report names them', async () => {
  const world = new World();
  world.reports = false;
  world.lead();
  await world.apply(permissive);
  await world.apply(strict);
  await world.clock.pass(86_400_000);

  expect(world.mode).toBe('Staged');
  expect(world.board.strictReports.get()[0]?.waiting.silent).toEqual(['Pod/shop/reviews-1']);
});

test('Immediate does not wait, and a change to Safe afterwards opens nothing', async () => {
  const world = new World();
  world.lead();
  await world.apply(permissive);
  await world.apply(immediate);
  expect(world.mode).toBe('Strict');
  expect(world.stored).toBe(undefined);

  await world.apply(strict);
  expect(world.mode).toBe('Strict');
});

test('Immediate: until nothing else is stored any more, ports are not settled', async () => {
  const world = new World();
  const { promise, resolve } = Promise.withResolvers();
  world.removals = promise;
  world.lead();
  await world.apply(permissive);
  expect(world.unsettled).toBe(0);

  await world.apply(immediate);
  expect([world.mode, world.unsettled]).toEqual(['Strict', 2]);

  resolve(undefined);
  await world.clock.pass(0);
  expect([world.mode, world.unsettled]).toEqual(['Strict', 0]);
});

test('the same while it could still step back', async () => {
  const world = new World();
  world.lead();
  await world.apply(permissive);
  await world.apply(strict);
  await world.clock.pass(610_000);
  expect([world.mode, world.unsettled]).toEqual(['Strict', 0]);

  const { promise, resolve } = Promise.withResolvers();
  world.removals = promise;
  await world.apply(immediate);
  expect(world.unsettled).toBe(2);

  resolve(undefined);
  await world.clock.pass(0);
  expect(world.unsettled).toBe(0);
});

test('a port of its own that is Immediate is settled once it is told apart from the others, which stay open', async () => {
  const world = new World();
  world.lead();
  await world.apply(permissive);
  await world.apply(withPort('Strict', 'Immediate'));

  expect([world.modeOf(9090), world.others, world.unsettled]).toEqual(['Strict', 'Permissive', 0]);
});

test('what is stored outlives pods that are all replaced, and not a Deployment that is gone', async () => {
  const world = new World();
  world.lead();
  await world.apply(permissive);
  await world.apply(strict);
  const without = strict
    .split('---\n')
    .filter((document) => !document.includes('reviews-1'))
    .join('---\n');
  expect(without).not.toContain('reviews-1');
  await world.apply(without);
  await world.clock.pass(200_000);
  await world.apply(strict);
  expect(world.mode).toBe('Staged');

  await world.apply(without);
  await world.clock.pass(400_000);
  await world.apply(strict);
  expect(world.mode).toBe('Strict');
});

/** Of a port that no Service names, with an open world around it. */
function withPort(mode: string, transition = 'Safe'): string {
  return withMtls(
    permissive,
    `{ports: [{port: 9090, mode: ${mode}}], transition: {type: ${transition}, quietPeriod: 10m}}`,
  );
}

function withMtls(world: string, mtls: string): string {
  return `${world}---
kind: SecurityPolicy
metadata: {name: admin, namespace: shop}
spec:
  targetRefs: [{kind: Deployment, name: reviews}]
  mtls: ${mtls}
`;
}

function withoutService(world: string): string {
  return world
    .split('---\n')
    .filter((document) => !document.includes('kind: Service\n'))
    .join('---\n');
}

test('a port that no Service names waits, too, when a policy names it, and stays Strict while others are open', async () => {
  const world = new World();
  world.called = 9090;
  world.lead();
  await world.apply(permissive);
  await world.apply(withPort('Strict'));
  expect(world.modeOf(9090)).toBe('Staged');
  world.callers = [{ address: '10.0.0.7', count: 1, lastMs: world.clock.now() }];
  await world.clock.pass(10_000);
  expect(world.board.strictReports.get()).toMatchObject([
    { place: 'Port 9090 of Deployment shop/reviews', decidedBy: [{ name: 'admin' }] },
  ]);

  await world.clock.pass(610_000);
  expect(world.modeOf(9090)).toBe('Strict');
  await world.clock.pass(700_000);
  expect(world.modeOf(9090)).toBe('Strict');
  expect(JSON.parse(world.stored ?? '')).toEqual({
    'Deployment/reviews': { '9080': {}, '9090': { strictSince: '1970-01-01T00:00:00.000Z' }, other: {} },
  });
});

test('it is Strict at once with Immediate, and Safe afterwards opens nothing', async () => {
  const world = new World();
  world.lead();
  await world.apply(permissive);
  await world.apply(withPort('Strict', 'Immediate'));
  expect(world.modeOf(9090)).toBe('Strict');

  await world.apply(withPort('Strict'));
  expect(world.modeOf(9090)).toBe('Strict');
});

test('it is open again with the others when the policy is gone, so that the next one waits', async () => {
  const world = new World();
  world.lead();
  await world.apply(permissive);
  await world.apply(withPort('Strict', 'Immediate'));
  await world.apply(permissive);
  expect(world.modeOf(9090)).toBe(undefined);
  expect(world.others).toBe('Permissive');
  await world.clock.pass(400_000);
  expect(world.stored).toBe('{"Deployment/reviews":{"9080":{},"other":{}}}');

  await world.apply(withPort('Strict'));
  expect(world.modeOf(9090)).toBe('Staged');
});

/** With plaintext at a port that nothing names, so that the others wait. */
async function waiting(): Promise<World> {
  const world = new World();
  world.called = 9999;
  world.lead();
  await world.apply(permissive);
  return world;
}

/** 22 minutes, in which somebody calls that port. */
async function passWithCalls(world: World): Promise<void> {
  for (let minute = 0; minute < 22; minute += 1) {
    world.callers = [{ address: '10.0.0.7', count: minute, lastMs: world.clock.now() }];
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await world.clock.pass(60_000);
  }
}

test.each([
  ['the Mesh', strict],
  ['a policy', withMtls(permissive, '{mode: Strict}')],
  ['a policy that names it', withPort('Strict').replace('9090', '9080')],
])('a port that is Strict by %s does not open with the others when it loses its Service', async (_, yaml) => {
  const world = await waiting();
  await world.apply(yaml);
  await passWithCalls(world);
  expect(world.mode).toBe('Strict');
  expect(world.others).not.toBe('Strict');

  await world.apply(withoutService(yaml));
  expect(world.mode).toBe('Strict');
  expect(world.others).not.toBe('Strict');
  await passWithCalls(world);
  expect(world.mode).toBe('Strict');

  await world.apply(yaml);
  expect(world.mode).toBe('Strict');
});

test.each([
  ['speaks of all ports', withPort('Strict'), withMtls(permissive, '{mode: Strict}')],
  [
    'is deleted',
    withMtls(strict, '{ports: [{port: 9090, mode: Strict}], transition: {type: Immediate}}'),
    strict,
  ],
])('nor does one whose policy %s, so that it is Strict with all that wait', async (_, before, after) => {
  const world = await waiting();
  await world.apply(before);
  await passWithCalls(world);
  expect(world.modeOf(9090)).toBe('Strict');

  await world.apply(after);
  expect(world.modeOf(9090)).toBe('Strict');
  expect(world.others).toBe('Staged');
  await passWithCalls(world);
  expect(world.modeOf(9090)).toBe('Strict');
});

test('nor does it when the others step back', async () => {
  const world = await waiting();
  await world.apply(strict);
  await passWithCalls(world);
  await world.apply(withoutService(strict));
  await world.clock.pass(610_000);
  expect(world.others).toBe('Strict');
  world.callers = [{ address: '10.0.0.7', count: 30, lastMs: world.clock.now() }];
  await world.clock.pass(10_000);

  expect(world.others).toBe('Staged');
  expect(world.mode).toBe('Strict');
});

test('it is one of the others again when these are Strict for good', async () => {
  const world = await waiting();
  await world.apply(strict);
  await passWithCalls(world);
  await world.apply(withoutService(strict));
  await world.clock.pass(1_400_000);

  expect(world.stored).toBe(undefined);
  expect([world.mode, world.others]).toEqual([undefined, 'Strict']);
});

test('an open port without a Service waits, too, when the exception for it goes from a Strict world', async () => {
  const world = new World();
  world.called = 9090;
  world.lead();
  await world.apply(strict);
  await world.apply(withMtls(strict, '{ports: [{port: 9090, mode: Permissive}]}'));
  expect(world.modeOf(9090)).toBe('Permissive');
  world.callers = [{ address: '10.0.0.7', count: 1, lastMs: world.clock.now() }];

  await world.apply(strict);
  expect([world.modeOf(9090), world.others]).toEqual(['Staged', 'Strict']);
  expect(world.board.strictReports.get()).toMatchObject([
    { place: 'Port 9090 of Deployment shop/reviews', decidedBy: [{ kind: 'Mesh' }] },
  ]);

  await world.clock.pass(1_400_000);
  expect(world.stored).toBe(undefined);
  expect([world.modeOf(9090), world.others]).toEqual([undefined, 'Strict']);
});
