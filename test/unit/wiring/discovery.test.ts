// Snapshots go out to proxies, over mutual TLS; what they report is in cells.
import { Client } from '@grpc/grpc-js';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Authority } from '../../../operator/certificates/authority.ts';
import { typeUrl } from '../../../operator/envoy/proto/type-urls.ts';
import { systemClock } from '../../../operator/process/clock.ts';
import { createLog } from '../../../operator/process/log.ts';
import { createMetrics } from '../../../operator/process/metrics.ts';
import { readSettings } from '../../../operator/process/settings.ts';
import { replicasService, reportPath } from '../../../operator/replicas/service.ts';
import { type Board, createBoard } from '../../../operator/wiring/board.ts';
import { createDiscovery } from '../../../operator/wiring/discovery.ts';
import type { WorkloadIr } from '../../../operator/ir/mesh-ir.ts';
import { sampleMesh, sampleWorkload } from '../../support/mesh-samples.ts';
import { snapshotOf } from '../../support/replica.ts';
import { until } from '../../support/until.ts';
import { clientEnd, freshAuthority } from '../../support/xds-certificates.ts';
import { connectXds, type XdsClient } from '../../support/xds-client.ts';
import { sample } from '../../support/xds-server.ts';

const workload = 'Pod/shop/reviews-1';
const nodeId = 'Pod~shop~reviews-1~uid';
const reviewsId = 'spiffe://cluster.local/ns/shop/sa/reviews';
const operatorId = 'spiffe://cluster.local/ns/meshwright-system/sa/meshwright';
const settings = readSettings(
  ['--platform', 'files', '--files', 'f', '--state', 's', '--xds-address', '127.0.0.1:0'],
  {},
);

let authority: Authority;
beforeAll(async () => {
  authority = await freshAuthority();
});

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) {
    // oxlint-disable-next-line no-await-in-loop -- clients before the server
    await close();
  }
});

interface Bench {
  readonly board: Board;
  readonly component: ReturnType<typeof createDiscovery>['component'];
  /** Connects as the proxy of the workload. */
  readonly connect: () => Promise<XdsClient>;
  /** Cells that were changed, in order. */
  readonly changed: string[];
}

async function start(): Promise<Bench> {
  const board = createBoard();
  const metrics = createMetrics();
  closers.push(() => metrics.close());
  const self = { name: 'host', nonce: 'n1' };
  const { component } = createDiscovery(board, {
    settings,
    metrics,
    clock: systemClock,
    log: createLog('silent'),
    self,
    platform: {},
  });
  const changed: string[] = [];
  for (const name of ['ownProxies', 'ownWorkloads'] as const) board[name].subscribe(() => changed.push(name));
  const connect = async (): Promise<XdsClient> => {
    const { credentials } = await clientEnd(authority, reviewsId);
    const client = connectXds({ port: board.xdsPort.get(), variant: 'delta', credentials });
    closers.push(() => client.close());
    client.start(nodeId, typeUrl.cluster);
    return client;
  };
  return { board, component, connect, changed };
}

function provable(spiffeId: string): WorkloadIr {
  const identity = { namespace: 'shop', serviceAccount: 'any', spiffeId };
  return sampleWorkload('reviews-1', { uid: 'uid', identity });
}

async function serve(bench: Bench): Promise<void> {
  const own = await authority.issue({ spiffeId: operatorId, ttlMs: 3_600_000 });
  await bench.component.start();
  closers.push(() => bench.component.stop());
  bench.board.serverCertificate.set({
    ...own,
    trustBundle: authority.trustBundle(),
    controlPlaneBundle: authority.controlPlaneBundle(),
    issuers: '',
    links: '',
    wantedLeaves: null,
    revocationList: null,
  });
  bench.board.identities.set(new Map([[workload, provable(reviewsId)]]));
  bench.board.translation.set({ ...bench.board.translation.get(), ir: sampleMesh({}) });
}

function publish({ snapshot }: Board, mark: string): void {
  snapshot.set(snapshotOf(snapshot.get(), { [workload]: [sample(typeUrl.cluster, 'a', mark)] }));
}

test('its port is known while it is open; ready is what has something to serve, or no Mesh to serve for', async () => {
  const bench = await start();
  const { board, component } = bench;
  expect([board.xdsPort.get(), component.ready()]).toEqual([0, true]);

  await serve(bench);
  expect([board.xdsPort.get() > 0, component.ready()]).toEqual([true, false]);
  publish(board, '1');

  expect(component.ready()).toBe(true);
});

test('a Mesh that is deleted before anything was published leaves nothing to serve, and it is ready', async () => {
  const bench = await start();
  const { board, component } = bench;
  await serve(bench);
  expect(component.ready()).toBe(false);

  board.translation.set({ ...board.translation.get(), ir: null });

  expect(component.ready()).toBe(true);
});

test('a proxy gets each snapshot, and its acknowledgement is in the reports', async () => {
  const bench = await start();
  const { board } = bench;
  await serve(bench);
  publish(board, '1');
  const client = await bench.connect();
  client.ack(await client.next());
  await until('it is acknowledged', () => board.ownProxies.get()[0]?.lagging.length === 0);

  publish(board, '2');
  expect(board.ownProxies.get()).toMatchObject([{ workload, lagging: [{ name: 'a' }] }]);
  expect(board.isConverging.get()).toBe(true);
  bench.changed.length = 0;
  client.ack(await client.next());
  await until('it is acknowledged', () => !board.isConverging.get());

  expect(board.ownProxies.get()).toMatchObject([{ workload, lagging: [] }]);
  expect(bench.changed).toContain('ownProxies');
  expect([...board.ownWorkloads.get()]).toEqual([workload]);
});

test('a proxy whose layer is not in the snapshot makes its workload known', async () => {
  const bench = await start();
  await serve(bench);

  await bench.connect();
  await until('it is known', () => bench.board.ownWorkloads.get().has(workload));

  expect(bench.changed).toContain('ownWorkloads');
});

test('a proxy that proves another identity than its workload has is refused', async () => {
  const bench = await start();
  await serve(bench);
  bench.board.identities.set(new Map([[workload, provable('spiffe://cluster.local/ns/shop/sa/other')]]));

  const client = await bench.connect();

  expect((await client.end()).status).toBe('PERMISSION_DENIED');
});

test('what peers call is served on the same port', async () => {
  const bench = await start();
  const called = Promise.withResolvers<void>();
  const implementation = {
    Report: (call: { end(): void }): void => {
      called.resolve();
      call.end();
    },
  };
  bench.board.peerServices.set([{ definition: replicasService, implementation }]);
  await serve(bench);

  const { credentials } = await clientEnd(authority, operatorId);
  const client = new Client(`127.0.0.1:${bench.board.xdsPort.get()}`, credentials);
  closers.push(() => client.close());
  const asIs = (bytes: Buffer): Buffer => bytes;
  client.makeBidiStreamRequest(reportPath, asIs, asIs).on('error', () => undefined);

  await expect(called.promise).resolves.toBeUndefined();
});
