// The reconciler with its surroundings.
import { expect, test } from '@jest/globals';
import { filesOnly } from '../../../operator/certificates/delivery.ts';
import type { LiveWorkload, WorkloadPort, WriteOutcome } from '../../../operator/ports/workload-port.ts';
import type { InjectionPolicyPort } from '../../../operator/ports/injection-policy-port.ts';
import { readSettings, type Settings } from '../../../operator/process/settings.ts';
import { createBoard, type Board } from '../../../operator/wiring/board.ts';
import { createInjection } from '../../../operator/wiring/injection.ts';
import { resourcesFromYaml } from '../../support/builders.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MemorySecrets } from '../../support/memory-secrets.ts';
import { sampleMesh } from '../../support/mesh-samples.ts';
import { type LogLine, rememberingLog } from '../../support/remembering-log.ts';
import { liveDeployment } from '../reconcile/live.ts';

const resources = resourcesFromYaml(`
{kind: Namespace, metadata: {name: shop, labels: {meshwright.dev/mesh: enabled}}}
---
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {}}}
`);

/** Workloads of an API server that answers with the same Deployment, and writes nothing. */
class Workloads {
  /** \`read\`, \`apply\`, in order. */
  readonly calls: string[] = [];
  readonly #live: LiveWorkload = liveDeployment();

  readonly port: WorkloadPort = {
    kubernetesVersion: () => Promise.resolve({ major: 1, minor: 33 }),
    read: () => this.#answer('read', this.#live),
    list: () => Promise.resolve([]),
    apply: () => this.#answer<WriteOutcome>('apply', { type: 'written', workload: this.#live }),
    merge: () => this.#answer<WriteOutcome>('merge', { type: 'written', workload: this.#live }),
    keepConfigMap: () => Promise.resolve(),
    event: () => Promise.resolve(),
  };

  #answer<T>(call: string, answer: T): Promise<T> {
    this.calls.push(call);
    return Promise.resolve(answer);
  }
}

interface Bench {
  readonly board: Board;
  readonly clock: FakeClock;
  readonly secrets: MemorySecrets;
  readonly workloads: Workloads;
  readonly lines: LogLine[];
  readonly made: ReturnType<typeof createInjection>;
}

const withSidecars = readSettings(['--sidecar-xds', 'meshwright.example:15012'], {
  KUBERNETES_SERVICE_HOST: '10.0.0.1',
});

const stored = { uid: 'p', generation: 1, injected: 'r1.0', namespaceSelector: {} };

/** An API server that takes every policy. */
function policies(writes: string[]): InjectionPolicyPort {
  let current: typeof stored | undefined;
  return {
    support: () => Promise.resolve('Bound'),
    read: () => Promise.resolve(current),
    apply: (policy) => {
      const { metadata } = policy as { readonly metadata: { readonly annotations: Record<string, string> } };
      current = { ...stored, injected: metadata.annotations['meshwright.dev/injected'] ?? '' };
      writes.push('apply');
      return Promise.resolve({ type: 'applied', stored: current });
    },
    remove: () => {
      writes.push('remove');
      return Promise.resolve(true);
    },
  };
}

function start(
  settings: Settings = withSidecars,
  hasWorkloads = true,
  injectionPolicy?: InjectionPolicyPort,
): Bench {
  const board = createBoard();
  const clock = new FakeClock();
  const secrets = new MemorySecrets();
  const workloads = new Workloads();
  const { log, lines } = rememberingLog();
  const platform = {
    secrets,
    ...(hasWorkloads && { workloads: workloads.port }),
    ...(injectionPolicy && { injectionPolicy }),
  };
  const made = createInjection(board, { platform, settings, clock, log });
  return { board, clock, secrets, workloads, lines, made };
}

function settle({ translation, delivery, resources: cell }: Board): void {
  delivery.set(filesOnly);
  translation.set({
    ir: sampleMesh({}),
    verdicts: [],
    podRecords: [],
    mtlsPlaces: [],
    addressClaims: [],
    keySources: [],
  });
  cell.set(resources);
}

function serve({ snapshot, xdsPort }: Board): void {
  xdsPort.define(() => 15_012);
  snapshot.set({ generation: 1, layers: new Map(), views: new Map(), invalid: [] });
}

test('where there are no pod templates nothing is in its place, and nothing is reported', () => {
  const { board, made, lines } = start(withSidecars, false);

  settle(board);

  expect(made).toEqual({});
  expect(board.workloadReport.get()).toBeUndefined();
  expect(lines).toEqual([]);
});

test('where sidecars would not reach this operator workloads are given none, and the log says so', () => {
  const { board, made, lines } = start(readSettings(['--kubeconfig', 'f'], {}));

  settle(board);

  expect(made).toEqual({});
  expect(lines[0]?.message).toContain('--sidecar-xds');
});

test('an operator that does not lead looks at nothing', async () => {
  const { board, clock, workloads } = start();

  settle(board);
  await clock.pass(1000);

  expect(workloads.calls).toEqual([]);
});

test('a workload waits for an operator that serves, then for its certificate; what comes is noticed', async () => {
  const { board, clock, secrets, workloads, made } = start();
  const reasons = (): unknown => board.workloadReport.get()?.details.map((it) => it.reason);
  settle(board);
  made.leaderCallbacks?.onStartedLeading();
  await clock.pass(100);
  expect(reasons()).toEqual(['ControlPlaneNotReady']);

  serve(board);
  await clock.pass(100);
  expect(reasons()).toEqual(['CertificateNotReady']);
  expect(workloads.calls).not.toContain('apply');

  secrets.held.set('shop/meshwright-default', { 'tls.crt': 'c', 'tls.key': 'k', 'ca.crt': 'r' });
  board.certificates.set(board.certificates.get());
  await clock.pass(100);

  expect(workloads.calls).toContain('apply');
});

test('each new state of a workload changes the report', async () => {
  const { board, clock, made } = start();
  let changes = 0;
  board.workloadReport.subscribe(() => void (changes += 1));
  settle(board);

  made.leaderCallbacks?.onStartedLeading();
  await clock.pass(100);
  board.resources.set(resources);
  await clock.pass(100);

  expect(changes).toBe(1);
});

test('what no longer leads writes nothing, and leaves no timer', async () => {
  const { board, clock, workloads, made } = start();
  settle(board);
  made.leaderCallbacks?.onStartedLeading();
  await clock.pass(100);
  const before = workloads.calls.length;

  await made.leaderCallbacks?.onStoppedLeading();
  serve(board);
  await clock.pass(10_000);

  expect(workloads.calls).toHaveLength(before);
  expect(clock.pending).toBe(0);
});

test('the API server adds no sidecars before an operator serves them, nor before their roots are published', async () => {
  const writes: string[] = [];
  const { board, clock, made } = start(withSidecars, true, policies(writes));
  settle(board);
  board.delivery.set({ inUse: 'PodCertificate', isPossible: true, why: null });
  made.leaderCallbacks?.onStartedLeading();
  await clock.pass(100);
  expect(writes).toEqual([]);

  serve(board);
  await clock.pass(10_000);
  expect(writes).toEqual([]);

  board.certificates.set({ ...board.certificates.get(), isTrustPublished: true });
  await clock.pass(10_000);
  expect(writes).toEqual(['apply']);
});

test('without a Mesh the API server adds none, whether an operator serves or not', async () => {
  const writes: string[] = [];
  const { board, clock, made } = start(withSidecars, true, policies(writes));
  board.delivery.set(filesOnly);
  board.translation.set({ ...board.translation.get(), ir: null });
  board.resources.set(resources);
  made.leaderCallbacks?.onStartedLeading();
  await clock.pass(10_000);

  expect(new Set(writes)).toEqual(new Set(['remove']));
});
