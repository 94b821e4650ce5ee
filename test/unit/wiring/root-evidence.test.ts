// What sidecars have shown of their roots, as a cell.
import { expect, test } from '@jest/globals';
import { createBoard, type Board } from '../../../operator/wiring/board.ts';
import { createRootEvidence } from '../../../operator/wiring/root-evidence.ts';
import type { ProxyReport } from '../../../operator/xds/session/proxy-report.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { sampleMesh, sampleWorkload } from '../../support/mesh-samples.ts';

const [connected, missing] = ['ExternalWorkload/shop/a', 'ExternalWorkload/shop/b'];

function start(): { readonly board: Board; readonly clock: FakeClock; readonly changes: () => number } {
  const [board, clock] = [createBoard(), new FakeClock()];
  let changes = 0;
  createRootEvidence(board, { clock });
  board.rootEvidence.subscribe(() => (changes += 1));
  const ir = sampleMesh({ workloads: ['a', 'b'].map((name) => sampleWorkload(name)) });
  board.translation.set({ ...board.translation.get(), ir });
  const views = new Map([connected, missing].map((key) => [key, ['shared']]));
  board.snapshot.set({ generation: 1, layers: new Map(), views, invalid: [] });
  return { board, clock, changes: () => changes };
}

const report: ProxyReport = {
  workload: connected,
  nodeId: connected,
  connectedAtMs: 0,
  leftAtMs: null,
  since: null,
  leaf: { root: 'r', issuedMs: 1000 },
  layers: ['shared'],
  lagging: [],
  rejected: [],
  former: [],
  atRest: true,
};

test('every sidecar of the mesh counts, those that are missing, too', () => {
  const { board } = start();
  board.publishedTrust.set('roots');
  board.proxies.define(() => [report]);

  const { publishedTrust, proxies } = board.rootEvidence.get();

  expect(publishedTrust).toBe('roots');
  expect(proxies).toMatchObject([
    { workload: connected, isConnected: true, hasPublishedTrust: true, leaf: { root: 'r' } },
    { workload: missing, isConnected: false, hasPublishedTrust: false, leaf: null },
  ]);
});

test('it changes soon after acknowledgements do, once for all that come at a time', () => {
  const { board, clock, changes } = start();
  clock.advance(1_000);
  const before = changes();

  board.proxies.changed();
  board.proxies.changed();
  expect(changes()).toBe(before);
  clock.advance(1_000);

  expect(changes()).toBe(before + 1);
});
