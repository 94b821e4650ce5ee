// The other operators: their proxies count where this one leads; where it does not, its own are reported.
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Authority } from '../../../operator/certificates/authority.ts';
import { typeUrl } from '../../../operator/envoy/proto/type-urls.ts';
import { systemClock } from '../../../operator/process/clock.ts';
import { createLog } from '../../../operator/process/log.ts';
import { createMetrics } from '../../../operator/process/metrics.ts';
import { readSettings } from '../../../operator/process/settings.ts';
import { holderOf } from '../../../operator/wiring/addresses.ts';
import { type Board, createBoard } from '../../../operator/wiring/board.ts';
import { createDiscovery } from '../../../operator/wiring/discovery.ts';
import { createPeers } from '../../../operator/wiring/peers.ts';
import type { ProxyReport } from '../../../operator/xds/session/proxy-report.ts';
import { snapshotOf, startReplica, type TestReplica } from '../../support/replica.ts';
import { until } from '../../support/until.ts';
import { clientEnd, freshAuthority, operatorId } from '../../support/xds-certificates.ts';
import { connectXds } from '../../support/xds-client.ts';
import { sample } from '../../support/xds-server.ts';
import { noTags } from '../../../operator/telemetry/point.ts';

const workload = 'Pod/shop/reviews-1';
const reviewsId = 'spiffe://cluster.local/ns/shop/sa/reviews';
const self = { name: 'host', nonce: 'n1' };
const settings = readSettings(
  ['--platform', 'files', '--files', 'f', '--state', 's', '--xds-address', '127.0.0.1:0'],
  {},
);
const context = { settings, self, log: createLog('silent') };

let authority: Authority;
beforeAll(async () => {
  authority = await freshAuthority();
});

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) {
    // oxlint-disable-next-line no-await-in-loop -- clients before their servers
    await close();
  }
});

function start(): Board {
  const board = createBoard();
  const { component } = createPeers(board, { ...context, clock: systemClock });
  closers.push(() => component.stop());
  return board;
}

async function certify({ serverCertificate }: Board): Promise<void> {
  const own = await authority.issue({ spiffeId: operatorId, ttlMs: 3_600_000 });
  serverCertificate.set({
    ...own,
    trustBundle: authority.trustBundle(),
    controlPlaneBundle: authority.controlPlaneBundle(),
    issuers: '',
    links: '',
    wantedLeaves: null,
    revocationList: null,
  });
}

async function otherReplica(): Promise<TestReplica> {
  const other = await startReplica({ name: 'other', authority, identityOf: () => reviewsId });
  closers.push(() => other.stop());
  return other;
}

const contents = { [workload]: [sample(typeUrl.cluster, 'a')] };
const report: ProxyReport = {
  workload,
  nodeId: 'Pod~shop~reviews-1~uid',
  leftAtMs: null,
  since: null,
  connectedAtMs: 0,
  layers: [workload],
  lagging: [],
  former: [],
  rejected: [],
  atRest: true,
};

test('where there is no other operator, its own proxies are all there are', () => {
  const board = start();
  board.ownProxies.define(() => [report]);
  board.ownWorkloads.define(() => new Set([workload]));

  expect(board.proxies.get()).toEqual([report]);
  expect([...board.connectedWorkloads.get()]).toEqual([workload]);
});

test('a change of its own proxies is a change of all', () => {
  const board = start();
  const changed: string[] = [];
  board.proxies.subscribe(() => changed.push('proxies'));
  board.connectedWorkloads.subscribe(() => changed.push('workloads'));

  board.ownProxies.changed();
  board.ownWorkloads.changed();

  expect(changed).toEqual(['proxies', 'workloads']);
});

test('while another operator leads, its own proxies are reported to that one, and each change of them', async () => {
  const [board, other] = [start(), await otherReplica()];
  other.replicas.setHolder(other.holder);
  other.publish(contents);
  board.snapshot.set(snapshotOf(null, contents));
  board.ownProxies.define(() => [report]);
  await certify(board);

  board.leader.set(other.holder);
  await until('it is reported', () => other.replicas.proxies().length === 1);
  expect(other.replicas.proxies()).toMatchObject([{ workload, lagging: [] }]);
  board.ownProxies.define(() => []);
  board.ownProxies.changed();
  await until('it is reported', () => typeof other.replicas.proxies()[0]?.leftAtMs === 'number');
});

test('while another operator leads, what sidecars report here is told to that one, once each', async () => {
  const [board, other] = [start(), await otherReplica()];
  other.replicas.setHolder(other.holder);
  await certify(board);
  board.leader.set(other.holder);
  await until('it is connected', () => other.changes() > 0);
  const tags = { ...noTags, source: 'a', port: '80', code: '2xx' };
  const point = { metric: 'inbound.requests', tags, count: 3, buckets: null } as const;
  board.ownCounts.set({ workload, points: [point] });
  board.ownCounts.set({ workload, points: [] });
  await until('it is told', () => other.counted.length > 0);

  expect(other.counted).toEqual([
    { workload, points: [point] },
    { workload, points: [] },
  ]);
});

test('while another operator leads, reports on quotas go to it, and what it assigns comes back', async () => {
  const [board, other] = [start(), await otherReplica()];
  other.replicas.setHolder(other.holder);
  await certify(board);
  board.leader.set(other.holder);
  const used = { type: 'report', sidecar: workload, bytes: Buffer.from('used') } as const;
  board.quotasOut.set(used);
  await until('it is told', () => other.quotas.length > 0);

  const assignment = { type: 'assignment', sidecar: workload, bytes: Buffer.from('left') } as const;
  other.replicas.quota(assignment);
  await until('it is assigned', () => board.quotasIn.get() !== null);

  expect(other.quotas).toEqual([used]);
  expect(board.quotasIn.get()).toEqual(assignment);
});

test('while it leads, proxies of other operators are among all, and make their workloads known', async () => {
  const board = start();
  const metrics = createMetrics();
  closers.push(() => metrics.close());
  const server = createDiscovery(board, { ...context, metrics, clock: systemClock, platform: {} }).component;
  await server.start();
  closers.push(() => server.stop());
  await certify(board);
  board.snapshot.set(snapshotOf(null, contents));
  const changed: string[] = [];
  board.proxies.subscribe(() => changed.push('proxies'));
  board.connectedWorkloads.subscribe(() => changed.push('workloads'));
  const own = holderOf(self, settings, board.xdsPort.get());
  board.leader.set(own);

  const other = await otherReplica();
  other.publish(contents);
  other.replicas.setHolder(own);
  const { credentials } = await clientEnd(authority, reviewsId);
  const client = connectXds({ port: other.port, variant: 'delta', credentials });
  closers.push(() => client.close());
  client.start(report.nodeId, typeUrl.cluster);
  client.ack(await client.next());
  await until('it is reported', () => board.proxies.get()[0]?.lagging.length === 0);

  expect(board.proxies.get()).toMatchObject([{ workload }]);
  expect([...board.connectedWorkloads.get()]).toEqual([workload]);
  expect(new Set(changed)).toEqual(new Set(['workloads', 'proxies']));
  expect(board.ownProxies.get()).toEqual([]);
});
