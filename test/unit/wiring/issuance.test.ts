// The mesh in, certificates out: of the operator's own server into a cell, of identities into Secrets.
import { afterEach, expect, test } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import type { MeshIr } from '../../../operator/ir/mesh-ir.ts';
import type { Pod } from '../../../operator/objects/objects.ts';
import { filesOnly } from '../../../operator/certificates/delivery.ts';
import { createLog } from '../../../operator/process/log.ts';
import { createBoard, type Board } from '../../../operator/wiring/board.ts';
import { createIssuance } from '../../../operator/wiring/issuance.ts';
import { injectedKey } from '../../../operator/values/own-names.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MemorySecrets } from '../../support/memory-secrets.ts';
import { sampleIdentity, sampleMesh } from '../../support/mesh-samples.ts';
import { until } from '../../support/until.ts';

interface Bench {
  readonly board: Board;
  readonly clock: FakeClock;
  readonly secrets: MemorySecrets;
  readonly expiries: (Date | undefined)[];
  readonly made: ReturnType<typeof createIssuance>;
}

const running: Bench[] = [];
afterEach(() => Promise.all(running.splice(0).map(({ made }) => made.component.stop())));

function start(): Bench {
  const board = createBoard();
  const clock = new FakeClock(Date.parse('2026-05-01T12:00:00Z'));
  const secrets = new MemorySecrets();
  const expiries: (Date | undefined)[] = [];
  const made = createIssuance(board, {
    platform: { secrets },
    settings: { namespace: 'meshwright-system' },
    metrics: { certificatesExpire: ({ root }) => void expiries.push(root) },
    clock,
    log: createLog('silent'),
  });
  const bench = { board, clock, secrets, expiries, made };
  running.push(bench);
  return bench;
}

const ir = sampleMesh({ identities: [sampleIdentity('reviews')] });
const root = 'meshwright-system/meshwright-ca';
const reviews = 'shop/meshwright-reviews';

function translate({ board }: Bench, mesh: MeshIr | null): void {
  if (board.delivery.get() === null) board.delivery.set(filesOnly);
  board.translation.set({
    ir: mesh,
    verdicts: [],
    podRecords: [],
    mtlsPlaces: [],
    addressClaims: [],
    keySources: [],
  });
}

async function issued(bench: Bench): Promise<void> {
  await until('a server certificate is issued', () => bench.board.serverCertificate.get() !== null);
  await until('the issuer sleeps', () => bench.clock.pending > 0);
}

test('without a Mesh nothing is made, and that is no fault', () => {
  const bench = start();

  translate(bench, null);

  expect(bench.made.component.ready()).toBe(true);
  expect(bench.secrets.reads).toBe(0);
});

test('from the first Mesh on there is a root, and a certificate for the operator itself', async () => {
  const bench = start();

  translate(bench, ir);
  expect(bench.made.component.ready()).toBe(false);
  await issued(bench);

  const { board, secrets, expiries, made } = bench;
  expect(board.serverCertificate.get()?.trustBundle).toBe(secrets.held.get(root)?.['tls.crt']);
  expect(board.certificates.get()).toMatchObject({ issued: 1, problems: [] });
  expect(expiries).toEqual([board.certificates.get().rootNotAfter]);
  expect(made.component.ready()).toBe(true);
});

test('certificates of identities are written while this operator leads', async () => {
  const bench = start();
  translate(bench, ir);
  await issued(bench);
  expect([...bench.secrets.held.keys()]).toEqual([root]);

  bench.made.leaderCallbacks.onStartedLeading();
  await until('the Secret is written', () => bench.secrets.held.has(reviews));
  await bench.made.leaderCallbacks.onStoppedLeading();
  translate(bench, { ...ir, identities: [sampleIdentity('ratings')] });
  await until('the issuer sleeps', () => bench.clock.pending > 0);

  expect([...bench.secrets.held.keys()]).toEqual([root, reviews]);
});

test('when the Mesh is gone its certificates are kept, and their renewal goes on', async () => {
  const bench = start();
  translate(bench, ir);
  bench.made.leaderCallbacks.onStartedLeading();
  await issued(bench);
  const first = bench.board.serverCertificate.get();

  translate(bench, null);
  expect(bench.made.component.ready()).toBe(true);
  await bench.clock.pass(23 * 3_600_000);
  await until('the certificate is renewed', () => bench.board.serverCertificate.get() !== first);

  expect(bench.secrets.held.has(reviews)).toBe(true);
  expect(bench.board.certificates.get().problems).toEqual([]);
  expect(bench.made.component.ready()).toBe(true);
});

test('a Mesh that is gone before its certificates were made is no fault', async () => {
  const bench = start();

  translate(bench, ir);
  translate(bench, null);
  expect(bench.made.component.ready()).toBe(true);
  await issued(bench);

  expect(bench.board.certificates.get().problems).toEqual([]);
});

test('a Secret that a pod waits for comes back at once', async () => {
  const bench = start();
  const { board, clock, secrets, made } = bench;
  translate(bench, ir);
  made.leaderCallbacks.onStartedLeading();
  await until('the Secret is written', () => secrets.held.has(reviews));
  await until('the issuer sleeps', () => clock.pending > 0);
  secrets.held.delete(reviews);
  const waiting: Pod = {
    kind: 'Pod',
    metadata: { namespace: 'shop', name: 'reviews-1', annotations: { [injectedKey]: 'abc' } },
    spec: { serviceAccountName: 'reviews', containers: [] },
  };

  const before = secrets.reads;
  board.change.set({ type: 'upsert', object: { ...waiting, status: { podIP: '10.0.0.1' } } });
  await setImmediate();
  expect(secrets.reads).toBe(before);
  board.change.set({ type: 'upsert', object: waiting });

  await until('the Secret is back', () => secrets.held.has(reviews));
});

test('a root that cannot be used is a problem in the cell', async () => {
  const bench = start();
  bench.secrets.held.set(root, { 'tls.crt': 'damaged', 'tls.key': '' });

  translate(bench, ir);
  await until('the issuer says so', () => bench.board.certificates.get().problems.length > 0);

  expect(bench.board.certificates.get().problems[0]).toContain(root);
  expect(bench.board.serverCertificate.get()).toBeNull();
});
